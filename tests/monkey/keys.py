"""What the monkey presses: random keys, by weight, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MOVES = words("Up Down Left Right j k h l g G C-d C-u PageUp PageDown Home End } { n N ( )")
PANES = words("Tab BTab 1 2 3 + _ > < = - [ ] L W B H E F A T m t w f s z b & v Space")
TABS = words("M-1 M-2 M-3 M-4 M-5 M-6 M-7 F5 F6 F7 F8 F9 F10 F11")
DIALOGS = words("? F1 F2 F3 F4 F12 C-p : M K r V S D x X c C p P Y y C-r C-n C-t C-l C-g C-o M-n M-p M-l M-e")
TYPED = "abcdefghijklmnoprstuvwxyz0123456789 []/\\:{}'\"-_=.,<>|!*()"
WORDS = (
    "status:failed", "executor:churn", "since:2d", "!status:completed", "[/x]", "name:deploy", "re:(", "\u4f60\u597d",
    "duration>10s", '"a phrase"', "-not", "text", "user:", "tag:[", "id:0", "e\u0301",
)  # fmt: skip
COMMANDS = (
    "help", "launch churn", "launch churn seconds=3", "go 0", "filter status:failed", "filter", "cancel", "pause",
    "resume", "resume queue", "theme light", "theme dark", "theme contrast", "theme nope", "set", "set nope 1",
    "history", "stats", "messages", "timeline", "jump", "nonsense", "launch", "launch nope", "export /nope/x", "[/x]",
)  # fmt: skip
PASTES = (
    "line one\nline two\n", "[/nope] [bold", '{"seconds": 3, "note": "x"}', "curl -X POST http://example.org -d a=b",
    "\u202eabc\u202c", "x" * 20_000, "A=1\nB=2\n", "\u4f60\u597d\u4e16\u754c" * 50,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
)  # fmt: skip
SIZES = ((120, 36), (80, 24), (20, 5), (40, 10), (200, 60), (79, 23), (100, 30), (300, 8), (30, 50), (10, 3), (1, 1))


@dataclass(frozen=True, slots=True)
class Press:
    """One thing that is done: `keys` by tmux's names, or `text` that is typed or pasted, or a `size` that is taken."""

    keys: tuple[str, ...] = ()
    text: str = ""
    pasted: bool = False
    size: tuple[int, int] | None = None

    def __str__(self) -> str:
        if self.size:
            return f"<{self.size[0]}x{self.size[1]}>"
        return " ".join(self.keys) or f"{'paste' if self.pasted else 'type'} {self.text[:40]!r}"


class Fingers:
    """An endless row of presses."""

    def __init__(self, seed: int) -> None:
        chance = self._chance = Random(seed)
        choose = chance.choice
        self._kinds: dict[Callable[[], list[Press]], int] = {
            lambda: [Press((choose(MOVES),) * choose((1, 1, 1, 2, 5, 20)))]: 34,
            lambda: [Press((choose(PANES),))]: 18,
            lambda: [Press((choose(TABS),))]: 6,
            lambda: [Press((choose(DIALOGS),))]: 14,
            lambda: [Press(("Escape",) * choose((1, 1, 1, 3)))]: 10,
            lambda: [Press(("Enter",))]: 8,
            lambda: [Press(("BSpace",) * choose((1, 5)))]: 1,
            lambda: [Press(text="".join(chance.choices(TYPED, k=choose((1, 3, 8)))))]: 4,
            lambda: [Press(("/",)), Press(text=choose(WORDS)), Press((choose(("Enter", "Escape", "Tab")),))]: 4,
            lambda: [Press((":",)), Press(text=choose(COMMANDS)), Press((choose(("Enter", "Enter", "Tab")),))]: 4,
            lambda: [Press(text=choose(PASTES), pasted=True)]: 2,
            lambda: [Press(size=choose(SIZES))]: 2,
        }

    def __iter__(self) -> Fingers:
        return self

    def __next__(self) -> list[Press]:
        (kind,) = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        return kind()
