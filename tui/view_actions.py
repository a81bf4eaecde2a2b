"""What one does to views rather than to tasks, and the keys of the form's rows: lines for the table in `actions`.

Each is (id, name, keys, method, group, help); the scope is the id's first part.
"""

from __future__ import annotations

Line = tuple[str, str, tuple[str, ...], str, str, str]

VIEWS: tuple[Line, ...] = (
    ("app.back", "Back", ("left_square_bracket",), "back", "Panes",
     "Go back to what was looked at before: its pane, selection, tab and filter."),
    ("app.forth", "Forth", ("right_square_bracket",), "forth", "Panes", "Go forth again, after going back."),
    ("app.wider", "Wider", ("greater_than_sign",), "widen(1)", "Panes", "Move the border so that this pane is wider."),
    ("app.narrower", "Narrower", ("less_than_sign",), "widen(-1)", "Panes",
     "Move the border so that this pane is narrower."),
    ("app.higher", "Higher", ("equals_sign",), "heighten(1)", "Panes",
     "Move the border so that this pane is higher."),
    ("app.lower", "Lower", ("minus",), "heighten(-1)", "Panes", "Move the border so that this pane is lower."),
    ("app.jump", "Jump", ("ctrl+o",), "jump", "Panes",
     "Put a letter on each row, tab and pane that is seen; the letter's key goes there."),
    ("app.stray", "Stray output", ("O",), "stray", "Everywhere",
     "Show what child processes and C libraries wrote past the console, which never reaches the screen."),
    ("app.command_line", "Command", ("colon",), "command_line", "Everywhere",
     "Type a command: any of these by its name, and those below. Tab completes, up recalls, Esc leaves."),
)  # fmt: skip
