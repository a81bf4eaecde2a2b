"""The one table of signs beyond ASCII that the console draws, each with its ASCII twin of the same width.

With ASCII chosen, or on a terminal without UTF-8, `to_ascii` goes over all that is drawn, whoever drew it. No Textual.
"""

from __future__ import annotations

from rich.cells import cell_len

_STATES = {"○": ".", "●": "*", "◐": "*", "◓": "/", "◑": "-", "◒": "\\", "✔": "+", "✓": "+", "✗": "x", "✘": "x",
           "⊘": "-", "»": ">", "«": "<", "‖": "=", "↻": "@", "↺": "@", "⚠": "!", "★": "*", "☆": "-", "◆": "*", "◇": "-",
           "■": "#", "▤": "=", "□": "-", "▪": "*", "▫": "-", "☐": "-", "☑": "x", "☒": "x",
           "◉": "*", "◌": ".", "◍": "*"}  # fmt: skip
_ARROWS = {"↑": "^", "↓": "v", "←": "<", "→": ">", "↵": "<", "⏎": "\\", "↳": "`", "↪": "`", "⇥": ">", "⇤": "<",
           "↔": "-", "↕": "|", "▲": "^", "▼": "v", "▶": ">", "◀": "<", "►": ">", "◄": "<", "▸": ">", "▾": "v", "◂": "<",
           "▴": "^", "❯": ">", "❮": "<", "›": ">", "‹": "<", "⟩": ">", "⟨": "<", "⇒": ">", "⇐": "<", "⏵": ">", "⏷": "v",
           "△": "^", "▽": "v", "▷": ">", "◁": "<"}  # fmt: skip
_SIGNS = {"·": "-", "•": "*", "…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "≠": "!", "≤": "<", "≥": ">", "≈": "~",
          "±": "+", "µ": "u", "μ": "u", "°": "o", "Δ": "D", "∅": "0", "∞": "8", "Σ": "S", "√": "v", "∴": ":",
          "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "¶": "P", "§": "S", "¬": "-", "␡": "?", "�": "?",
          "⋮": ":", "⋯": "-", "‥": ".", "ø": "o", "Ø": "O", "≡": "=", "∙": "-", "⌃": "^", "⌄": "v", "␣": " ",
          "£": "L", "¢": "c", "ª": "a", "º": "o", "¡": "!", "™": "T"}  # fmt: skip
_LINES = {
    **dict.fromkeys("─━┄┅┈┉╌╍═╴╶╸╺╼╾⎯‾▔▁", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻╽╿▏▕▎▍▌▐▊▋▉⎸⎹", "|"),
    **dict.fromkeys("┌┐┍┎┏┑┒┓╭╮╒╓╔╕╖╗┬┭┮┯┰┱┲┳╤╥╦", "."),
    **dict.fromkeys("└┘┕┖┗┙┚┛╯╰╘╙╚╛╜╝", "`"),
    **dict.fromkeys("├┝┞┟┠┡┢┣╞╟╠┤┥┦┧┨┩┪┫╡╢╣", "|"),
    **dict.fromkeys("┴┵┶┷┸┹┺┻╧╨╩┼┽┾┿╀╁╂╃╄╅╆╇╈╉╊╋╪╫╬╳", "+"),
    **dict.fromkeys("╱", "/"),
    **dict.fromkeys("╲", "\\"),
}
_BLOCKS = {"█": "#", "▓": "#", "▒": "=", "░": ".", "▀": "-", "▄": "_", "▂": "_", "▃": ".", "▅": "=", "▆": "+", "▇": "*",
           "▖": ".", "▗": ".", "▘": "'", "▝": "'", "▙": "#", "▛": "#", "▜": "#", "▟": "#", "▚": "%", "▞": "%",
           "🭽": "+", "🭾": "+", "🭼": "+", "🭿": "+", "🮀": "-", "🮂": "-", "🮃": "-"}  # fmt: skip
_SPINNER = dict(zip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/", strict=True))
_PICTURES = {"🔎": "/ ", "⭘": "o", "🔒": "# ", "⏸": "=", "⏱": "@"}

TWINS: dict[str, str] = {
    **{chr(code): "*" for code in range(0x2800, 0x2900)},  # dot patterns
    **{chr(0x2400 + code): "?" for code in range(0x20)},  # what stands for control characters
    **_STATES,
    **_ARROWS,
    **_SIGNS,
    **_LINES,
    **_BLOCKS,
    **_SPINNER,
    **_PICTURES,
}
TWINS = {glyph: twin.ljust(cell_len(glyph)) for glyph, twin in TWINS.items()}
_TABLE = str.maketrans(TWINS)


def to_ascii(text: str, *, foreign: bool = False) -> str:
    """`text` with the twins of our signs, as wide as before.

    With `foreign` all else beyond ASCII becomes `?` too, one for each cell: the terminal could not show it.
    """
    if text.isascii():
        return text
    text = text.translate(_TABLE)
    if not foreign or text.isascii():
        return text
    return "".join(each if each.isascii() else "?" * cell_len(each) for each in text)
