"""What keys do where a tree is composed; a part of the table of `actions`."""

from __future__ import annotations

from tui.view_actions import Line

_IT = "Draft"


def _draft(scope: str, help: str) -> Line:
    return (f"{scope}.draft", "As a draft", ("a",), "draft", "Compose", help)


ENTRIES: tuple[Line, ...] = (
    ("app.compose", "Compose", ("d",), "compose", "Everywhere",
     "Compose a tree of tasks by keys, to launch it or to keep it as a flow file."),
    _draft("catalogue", "Add the selected executor to the draft of a tree; or open the selected flow as a draft."),
    _draft("runs", "Open the run of the selected task as a draft, to change and launch it or to keep it as a flow."),
    _draft("history", "Open the run as a draft, to change and launch it or to keep it as a flow."),
)  # fmt: skip

COMPOSE: tuple[Line, ...] = (
    ("compose.fill", "Fill", ("enter",), "choose", _IT,
     "Fill the inputs of the task in the form of its executor; {{ }} stands for what is known only then. While linking:"
     " end it."),
    ("compose.add", "Add", ("a",), "add", _IT, "Choose an executor and add a task behind the selected one."),
    ("compose.add_inside", "Add inside", ("A",), "add_inside", _IT, "The same, under the selected task or group."),
    ("compose.link", "Depends on", ("space",), "link", _IT,
     "Begin to link: point at what the task depends on, Space links it, Space again cuts it, Esc ends."),
    ("compose.optional", "Optional", ("t",), "optional", _IT,
     "While linking: go on however the dependency under the cursor ends, or only if it completes."),
    ("compose.cut", "Cut link", ("x",), "cut", _IT, "Choose one of the task's dependencies and take it away."),
    ("compose.run", "Launch", ("ctrl+r",), "launch", _IT, "Launch the draft; asks for its inputs and options."),
    ("compose.try", "Dry run", ("T",), "dry_run", _IT, "The same without executing: results are the demo results."),
    ("compose.save", "Save", ("s",), "save", _IT, "Write the flow file; asks for the path where there is none yet."),
    ("compose.save_as", "Save as", ("S",), "save_as", _IT, "Write it to another flow file."),
    ("compose.open", "Open file", ("f",), "open_file", _IT, "Open a flow file as the draft."),
    ("compose.view", "Levels", ("v",), "view", _IT,
     "Show what runs first and what beside what, live; or the details of the selected task again."),
    ("compose.problem", "Next problem", ("n", "right_curly_bracket"), "problem(1)", _IT,
     "Go to the next task with a problem."),
    ("compose.problem_back", "Former problem", ("N", "left_curly_bracket"), "problem(-1)", _IT,
     "Go to the former task with a problem."),
    ("compose.undo", "Undo", ("u",), "undo", _IT, "Undo the last edit."),
    ("compose.redo", "Redo", ("U",), "redo", _IT, "Do again what was undone."),
    ("compose.rename", "Rename", ("r",), "rename", _IT, "Give the task another id; expressions that read it go along."),
    ("compose.when", "When", ("w",), "when", _IT, "Say when the task runs: an expression; else it is skipped."),
    ("compose.options", "Options", ("o",), "options", _IT,
     "Executor, name, priority, retries, timeout and more of the task."),
    ("compose.flow", "Flow", ("i",), "flow", _IT, "Name, description, tags and inputs of the flow itself."),
    ("compose.earlier", "Move up", ("K", "ctrl+up"), "shift(-1)", _IT, "Move the task, with all under it, up."),
    ("compose.later", "Move down", ("J", "ctrl+down"), "shift(1)", _IT, "Move the task, with all under it, down."),
    ("compose.indent", "Indent", ("right", "l"), "indent", _IT, "Put the task under the one above it."),
    ("compose.outdent", "Outdent", ("left", "h"), "outdent", _IT, "Put the task beside the one that it stands under."),
    ("compose.group", "Group", ("b",), "group", _IT, "Put a group around the task; on a group, take that away."),
    ("compose.duplicate", "Duplicate", ("c",), "duplicate", _IT, "Copy the task, with all under it, under new ids."),
    ("compose.remove", "Remove", ("D", "delete"), "remove", _IT, "Remove the task and all under it; undo brings it"
     " back."),
    ("compose.copy", "Copy", ("y",), "copy_value", _IT, "Copy the draft to the clipboard, as the text of a flow file."),
    ("compose.new", "New", ("ctrl+n",), "new", _IT, "Begin an empty draft."),
    ("compose.back", "Back", ("escape",), "back", _IT, "End linking; else go back. The draft is kept."),
)  # fmt: skip

FILL: tuple[Line, ...] = (
    ("fill.reference", "Reference", ("ctrl+y", "alt+i"), "reference", "Form of a draft's task",
     "Put a reference into this field: to an input of the flow, or to what a dependency returns."),
)  # fmt: skip

ALL: tuple[Line, ...] = (*ENTRIES, *COMPOSE, *FILL)
