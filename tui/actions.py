"""One table of everything a key does; bindings, help, hints and palette are made from it, so that they can't disagree.

An action stands here only when it works: a key without an effect is worse than none. Nothing of Textual is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, cast

from tui import compose_actions, history_actions
from tui.view_actions import VIEWS, Line

Scope = Literal[
    "app", "catalogue", "runs", "detail", "launch", "answer", "fill", "history", "compare", "timeline", "stats",
    "schedules", "compose",
]  # fmt: skip
"""Where keys work: "app" in every pane, "launch" in the dialog (where text is typed), "answer" and "fill" beside those
in the form of an answer and of a draft's task, else in the pane, screen or view of that name."""

PANES: tuple[Scope, ...] = ("catalogue", "runs", "detail")
BESIDE: tuple[Scope, ...] = ("history", "compare", "timeline", "stats", "compose")
"""Screens beside the console's, and what has keys of its own inside of the detail."""


class Action(NamedTuple):
    """One thing a person can ask for.

    `name` is short, for hints and the palette; `help` is a sentence; `keys` are Textual's names; `method` is the name
    that `action_<method>` carries, with arguments where it has some; `hint` puts it in the status line; `danger` says
    that it destroys work, so it asks first where more than one task is at stake.
    """

    id: str
    name: str
    help: str
    keys: tuple[str, ...]
    scope: Scope
    group: str
    method: str
    danger: bool = False
    hint: bool = False


def _moves(scope: Scope) -> tuple[Action, ...]:
    """The moving keys of a pane, beside the arrows those of vi."""
    return tuple(
        Action(f"{scope}.{method}", name, text, keys, scope, "Moving", method)
        for method, name, text, keys in (
            ("down", "Down", "Go one line down.", ("down", "j")),
            ("up", "Up", "Go one line up.", ("up", "k")),
            ("top", "Top", "Go to the first line.", ("home", "g")),
            ("bottom", "Bottom", "Go to the last line.", ("end", "G")),
            ("half_down", "Half down", "Go half a page down.", ("ctrl+d",)),
            ("half_up", "Half up", "Go half a page up.", ("ctrl+u",)),
            ("page_down", "Page down", "Go one page down.", ("pagedown",)),
            ("page_up", "Page up", "Go one page up.", ("pageup",)),
        )
    )


def _task_keys(scope: Scope) -> tuple[Action, ...]:
    """What is done to the selected task, from the runs or from its detail."""

    def act(
        id: str, name: str, key: str, method: str, help: str, *, danger: bool = False, hint: bool = False
    ) -> Action:
        return Action(f"{scope}.{id}", name, help, (key,), scope, "Selected task", method, danger=danger, hint=hint)

    return (
        act("rerun", "Rerun", "r", "rerun", "Run the selected task again, its inputs in a form; or give it the secrets"
            " that it waits for.", hint=True),
        act("rerun_then", "Rerun then", "V", "rerun_then", "Run it again with the code that it ran then; asks first."),
        act("cancel", "Cancel", "c", "cancel_task", "Cancel the selected task; asks first when it has children.",
            danger=True, hint=True),
        act("cancel_tree", "Cancel tree", "C", "cancel_tree", "Cancel the whole tree of the selected task; asks first.",
            danger=True),
        act("answer", "Answer", "i", "answer", "Answer what the selected task asks; or choose among all that wait"
            " for an answer."),
        act("pause", "Pause run", "p", "pause_run", "Pause the run of the selected task, so that nothing new of it"
            " starts; or resume it."),
        act("skip", "Skip", "S", "skip_task", "Have a pending or failed task count as completed; asks first.",
            danger=True),
        act("clone", "Clone", "K", "clone_task", "Launch a copy: of a single task from its form, of a tree after a"
            " question."),
        act("delete", "Delete", "D", "delete_task", "Delete the selected task and all below it, at the root the whole"
            " run; asks first.", danger=True),
        act("export", "Export", "X" if scope == "detail" else "x", "export", "Write the runs of the marked tasks, or of"
            " the selected one, to a file as JSON lines."),
        act("log", "Log, large", "L", "log", "Show the log on the whole screen, and back."),
        act("copy", "Copy", "y", "copy_value", "Copy to the clipboard: the marked lines or line of the log, the value"
            " under the cursor of a tree or table, a text as a whole."),
        act("copy_id", "Copy id", "Y", "copy_id", "Copy the id of the selected task; in a tree the path under the"
            " cursor."),
    )  # fmt: skip


def _reading() -> tuple[Action, ...]:
    """How logs, results and texts are read in the detail pane."""

    def act(id: str, name: str, keys: tuple[str, ...], method: str, help: str, *, hint: bool = False) -> Action:
        return Action(f"detail.{id}", name, help, keys, "detail", "Reading", method, hint=hint)

    return (
        act("search", "Search", ("slash",), "look_for", "Search while typing: small letters match both cases, re:"
            " begins a pattern; Enter keeps the search, Esc ends it.", hint=True),
        act("next_match", "Next match", ("n",), "match(1)", "Go to the next match."),
        act("former_match", "Former match", ("N",), "match(-1)", "Go to the former match."),
        act("only", "Only matches", ("ampersand",), "only_matches", "Show only lines of the log that match, those to"
            " come too; or all again."),
        act("leave", "Leave", ("escape",), "leave", "End the search, the mark, or the large log."),
        act("wrap", "Wrap", ("w",), "wrap", "Wrap the long lines of the log, or cut them."),
        act("stamps", "Times", ("t",), "stamps", "Times in the log: of day, since the start, none."),
        act("below", "With all below", ("m",), "below", "Mix the logs of all tasks below the selected one into its log,"
            " or show its own alone."),
        act("mark", "Mark lines", ("v",), "mark", "Mark lines of the log from here on, to copy them; again ends it."),
        act("copy_all", "Copy all", ("ctrl+y",), "copy_all", "Copy all that the tab shows to the clipboard."),
        act("save", "Save", ("x",), "save", "Save all that the tab shows to a file."),
        act("pager", "Pager", ("o",), "pager", "Open all that the tab shows in $PAGER."),
        act("shape", "Shape", ("T",), "shape", "Show the result as a tree, as a table or as text."),
        act("sort", "Sort", ("s",), "sort", "Sort the table by the column of the cursor: rising, falling, as given."),
        act("attempts", "Attempts", ("A",), "attempts", "Choose the attempt whose log, result, error and source are"
            " shown."),
        act("attempt_back", "Attempt before", ("left_parenthesis",), "attempt(-1)", "Show the attempt before."),
        act("attempt_on", "Attempt after", ("right_parenthesis",), "attempt(1)", "Show the attempt after."),
        act("choose", "Fold", ("enter",), "choose", "Fold or unfold the value under the cursor of a tree."),
        act("unfold", "Right", ("right", "l"), "unfold", "Unfold a value, go to the next column, or move a cut log"
            " sideways."),
        act("fold", "Left", ("left", "h"), "fold", "Fold a value, go to the column before, or move a cut log back."),
    )  # fmt: skip


def _tree() -> tuple[Action, ...]:
    """The ways through the tree of runs, and what is done to many of its tasks at once."""

    def act(id: str, name: str, key: str, method: str, help: str) -> Action:
        return Action(f"runs.{id}", name, help, (key,), "runs", "Runs", method)

    return (
        act("fold_level", "Fold level", "z", "fold_level", "Fold all tasks that stand beside this one, or unfold"
            " them."),
        act("next_news", "Next failed", "right_curly_bracket", "jump(1)", "Go to the next task that failed or runs,"
            " folded ones too."),
        act("former_news", "Former failed", "left_curly_bracket", "jump(-1)", "Go to the former task that failed or"
            " runs."),
        act("search", "Search", "backslash", "search", "Search while typing without hiding anything: Enter goes to the"
            " first match, n and N to the others, Esc ends it."),
        act("next_match", "Next match", "n", "match(1)", "Go to the next match of the filter or search; without one to"
            " the next failed task."),
        act("former_match", "Former match", "N", "match(-1)", "Go to the former match, or the former failed task."),
        act("by_status", "By status", "b", "filter_status", "Show what failed only, then what runs,"
            " waits, is done, was cancelled, and all again; other words of the filter stay."),
        act("sort", "Sort", "s", "sort", "Sort by name, status or duration, or again the newest first; each within its"
            " own level of the tree."),
        act("follow", "Follow action", "f", "follow_action", "Have the cursor go to what fails or begins to run, until"
            " it is moved."),
        act("mark", "Mark", "space", "mark", "Mark the task, or take its mark away: cancel, rerun, pause, delete and"
            " export are then done to all marked ones; Esc takes all marks away."),
        act("mark_range", "Mark range", "v", "mark_range", "Mark all from the last mark to the cursor."),
    )  # fmt: skip


def _detail_tabs() -> tuple[Action, ...]:
    """The tabs by number; many terminals can't send alt with a digit, so each has a function key too."""
    return tuple(
        Action(
            f"app.tab_{name.lower()}",
            f"{name} tab",
            f"Show the {name} tab of the detail pane.",
            (f"alt+{number}", f"f{number + 4}"),
            "app",
            "Detail tabs",
            f"tab({number})",
        )
        for number, name in enumerate(("Result", "Log", "Inputs", "Error", "Info", "Source", "Timeline"), 1)
    )


def _panes() -> tuple[Action, ...]:
    return (
        Action("app.next_pane", "Next pane", "Go to the next pane.", ("tab",), "app", "Panes", "next_pane"),
        Action(
            "app.previous_pane",
            "Previous pane",
            "Go to the previous pane.",
            ("shift+tab",),
            "app",
            "Panes",
            "previous_pane",
        ),
        *(
            Action(f"app.pane_{name}", name.title(), text, (str(number),), "app", "Panes", f"pane({number})")
            for number, name, text in (
                (1, "catalogue", "Go to the catalogue."),
                (2, "runs", "Go to the runs."),
                (3, "detail", "Go to the detail of what is selected."),
            )
        ),
        Action("app.zoom_in", "Zoom in", "Give this pane more of the screen.", ("plus",), "app", "Panes", "zoom(1)"),
        Action(
            "app.zoom_out",
            "Zoom out",
            "Give this pane less of the screen.",
            ("underscore",),
            "app",
            "Panes",
            "zoom(-1)",
        ),
    )


def _everywhere() -> tuple[Action, ...]:
    group = "Everywhere"
    return (
        Action(
            "app.help", "Help", "Show the keys of this view, then all.", ("question_mark", "f1"), "app", group, "help",
            hint=True,
        ),
        Action(
            "app.palette", "Palette", "Find anything by its name and do it.", ("ctrl+p",), "app", group,
            "command_palette",
        ),
        Action(
            "app.pause_queue", "Pause queue",
            "Pause the whole queue, so that nothing new starts; or resume it.",
            ("P",), "app", group, "pause_queue",
        ),
        Action(
            "app.edit", "Edit code",
            "Open $VISUAL or $EDITOR at the selected executor, problem, or the executor of the selected task.",
            ("e",), "app", group, "edit",
        ),
        Action(
            "app.schedules", "Schedules", "Show the schedules: their next times, what became of the last; add, change,"
            " pause, run or delete one.", ("at",), "app", group, "schedules",
        ),
        Action(
            "app.suspend", "Suspend", "Stop the console and all that runs in it, back to the shell; fg goes on.",
            ("ctrl+z",), "app", group, "suspend_process",
        ),
        Action("app.messages", "Messages", "Show all messages of this session.", ("M",), "app", group, "messages"),
        Action(
            "app.quit", "Quit", "Quit; asks first while tasks run.", ("q", "ctrl+q"), "app", group, "quit", danger=True,
        ),
    )  # fmt: skip


def _launch_keys() -> tuple[Action, ...]:
    """The dialog's own keys, then those of its rows; all work while text is typed."""

    def act(id: str, name: str, keys: tuple[str, ...], method: str, help: str, *, hint: bool = False) -> Action:
        return Action(f"launch.{id}", name, help, keys, "launch", "Launch dialog", method, hint=hint)

    return (
        act("run", "Run", ("ctrl+r",), "launch", "Check the inputs and launch.", hint=True),
        act("switch", "Form or JSON", ("f2",), "switch", "Switch between the form and the JSON or YAML of the inputs.",
            hint=True),
        act("yaml", "JSON or YAML", ("ctrl+o", "alt+y"), "yaml", "Write the inputs as YAML instead of JSON, or as JSON"
            " again."),
        act("leave", "Leave", ("escape",), "leave", "Leave the dialog without launching; the draft is kept.",
            hint=True),
        act("problem", "Next problem", ("f8", "alt+n"), "problem(1)", "Go to the next field, or line, with a problem."),
        act("problem_back", "Former problem", ("shift+f8", "alt+p"), "problem(-1)", "Go to the former field, or line,"
            " with a problem."),
        act("problems", "All problems", ("f7", "alt+l"), "problems", "List all problems; Enter goes to one."),
        act("menu", "Field menu", ("f12", "alt+e"), "menu", "All that can be done with this field: null, unset, empty,"
            " default, JSON, copy and more; the same key again takes the next state."),
        act("details", "Field details", ("f1", "alt+h"), "details", "All that the schema says of this field."),
        act("search", "Find field", ("f3", "alt+f"), "search", "Find a field by its name or help, in closed sections"
            " too."),
        act("add", "Add", ("ctrl+n",), "add_item", "Add an item or entry to the list or map around the cursor."),
        act("remove", "Remove", ("ctrl+delete", "alt+delete"), "remove_item", "Remove the item or entry around the"
            " cursor; undo brings it back."),
        act("up", "Item up", ("alt+up", "ctrl+up"), "move_item(-1)", "Move the item up in its list."),
        act("down", "Item down", ("alt+down", "ctrl+down"), "move_item(1)", "Move the item down in its list."),
        act("page", "Next page", ("ctrl+pagedown", "alt+pagedown"), "page(1)", "Show the next 200 items of a long"
            " list."),
        act("page_back", "Former page", ("ctrl+pageup", "alt+pageup"), "page(-1)", "Show the former 200 items of a"
            " long list."),
        act("suggest", "Suggestion", ("ctrl+right", "alt+right"), "suggest", "Take what the former branch held in this"
            " field, while it is empty."),
        act("reading", "Reading", ("f11", "alt+t"), "reading", "Read the text as a number or as text, where both are"
            " allowed."),
        act("lengthen", "Pick or expand", ("f4",), "lengthen", "Open the options, a calendar or the files,"
            " make a UUID, or edit in several lines."),
        act("reveal", "Reveal", ("f9",), "reveal", "Show or hide the secret under the cursor."),
        act("undo", "Undo", ("f6", "alt+u"), "undo_edit", "Undo the last edit, of the form or of its text."),
        act("redo", "Redo", ("shift+f6", "alt+r"), "redo_edit", "Do again what was undone."),
    )  # fmt: skip


def _launch_data() -> tuple[Action, ...]:
    """What fills the form beside typing, and what stands beside its inputs."""

    def act(id: str, name: str, keys: tuple[str, ...], method: str, help: str) -> Action:
        return Action(f"launch.{id}", name, help, keys, "launch", "Launch dialog", method)

    return (
        act("load", "Load", ("f5",), "recall", "Fill the form: from the draft, the last launches, presets, examples, or"
            " a paste (JSON, YAML, K=V lines, .env, headers, curl)."),
        act("save", "Save preset", ("ctrl+t", "alt+s"), "save_preset", "Save what the form holds as a preset under a"
            " name; secrets are left out."),
        act("options", "Options", ("f10", "alt+o"), "options", "Show the launch options (priority, label, tags, key,"
            " timeout, retries, dry run), or the form again."),
        act("preview", "Preview", ("ctrl+l", "alt+v"), "preview", "Show the exact payload that the executor will get,"
            " or the form again."),
        act("compare", "Compare", ("ctrl+g", "alt+d"), "compare", "Mark what differs from the executor's last run, or"
            " no longer."),
    )  # fmt: skip


def _schedules() -> tuple[Action, ...]:
    """What is done on the screen of the schedules."""

    def act(id: str, name: str, keys: tuple[str, ...], method: str, help: str, *, danger: bool = False) -> Action:
        return Action(f"schedules.{id}", name, help, keys, "schedules", "Schedules", method, danger=danger, hint=True)

    return (
        act("edit", "Change", ("enter", "e"), "edit", "Change the schedule in the form of its launches."),
        act("add", "Add", ("n",), "add", "Choose an executor and schedule it."),
        act("pause", "Pause", ("p",), "pause", "Pause the schedule, or resume it."),
        act("run", "Run now", ("r",), "run_now", "Launch it now, beside its times."),
        act("go", "Last run", ("o",), "go", "Go to the run that it launched last."),
        act("delete", "Delete", ("D",), "delete", "Delete the schedule; asks first. Its runs stay.", danger=True),
        act("leave", "Leave", ("escape", "q"), "leave", "Go back to the console."),
    )


def _listed(lines: Iterable[Line]) -> tuple[Action, ...]:
    """The actions of `view_actions`."""
    return tuple(
        Action(id, name, help, keys, cast(Scope, id.partition(".")[0]), group, method, hint=method == "command_line")
        for id, name, keys, method, group, help in lines
    )


def _filter(scope: Scope) -> tuple[Action, ...]:
    return (
        Action(
            f"{scope}.filter",
            "Filter",
            "Filter this pane while typing: Enter keeps the filter, Esc clears it, / again recalls it. In the runs also"
            " status:failed, executor:x, user:x, name:x, id:x, tag:x, and !word for the opposite.",
            ("slash",),
            scope,
            scope.title(),
            "filter",
            hint=True,
        ),
        Action(
            f"{scope}.clear_filter",
            "Clear filter",
            "Clear the filter of this pane.",
            ("escape",),
            scope,
            scope.title(),
            "clear_filter",
        ),
    )


ACTIONS: tuple[Action, ...] = (
    Action(
        "catalogue.launch",
        "Launch",
        "Open the launch dialog of the selected executor.",
        ("enter",),
        "catalogue",
        "Catalogue",
        "choose",
        hint=True,
    ),
    *_filter("catalogue"),
    Action(
        "runs.open",
        "Open",
        "Fold or unfold a task with children; go to the detail of any other.",
        ("enter",),
        "runs",
        "Runs",
        "choose",
    ),
    Action(
        "runs.unfold", "Unfold", "Unfold the task, or go to its first child.", ("right", "l"), "runs", "Runs", "unfold"
    ),
    Action("runs.fold", "Fold", "Fold the task, or go to its parent.", ("left", "h"), "runs", "Runs", "fold"),
    *_filter("runs"),
    *_tree(),
    *_task_keys("runs"),
    *_task_keys("detail"),
    *_reading(),
    Action(
        "detail.follow",
        "Follow",
        "Follow the end of the log, or stop following it.",
        ("f",),
        "detail",
        "Selected task",
        "follow",
    ),
    *_launch_keys(),
    *_launch_data(),
    Action(
        "answer.reject",
        "Reject",
        "Reject, with a reason: the task fails with it.",
        ("f10", "alt+x"),
        "answer",
        "Answer",
        "reject",
    ),
    *_schedules(),
    *_moves("catalogue"),
    *_moves("runs"),
    *_moves("detail"),
    *_moves("schedules"),
    *_detail_tabs(),
    *_panes(),
    *_everywhere(),
    *_listed(VIEWS),
    *_listed(history_actions.ALL),
    *_listed(compose_actions.ALL),
    *_task_keys("history"),
    *_moves("history"),
    *_moves("timeline"),
    *_moves("stats"),
    *_moves("compose"),
)

_BY_ID = {action.id: action for action in ACTIONS}


def actions_of(scope: Scope) -> list[Action]:
    """The actions of one scope, in the order in which help shows them."""
    return [action for action in ACTIONS if action.scope == scope]


def by_id(action_id: str) -> Action | None:
    """The action `action_id` ("runs.cancel"); None when there is none."""
    return _BY_ID.get(action_id)
