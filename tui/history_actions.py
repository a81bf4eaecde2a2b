"""What keys do in the history, the comparison, the timeline and the statistics; a part of the table of `actions`."""

from __future__ import annotations

from tui.view_actions import Line


def shared(scope: str) -> tuple[Line, ...]:
    """What is done to the run of the selected task, from wherever it is selected."""
    return (
        (f"{scope}.timeline", "Timeline", ("W",), "timeline", "Selected task",
         "Show the timeline of the run: when each attempt waited and ran, and what the whole run waited for."),
        (f"{scope}.before", "Compare before", ("B",), "compare_before", "Selected task",
         "Compare the run with the run before it of the same executor: inputs, results, timing."),
    )  # fmt: skip


SCREENS: tuple[Line, ...] = (
    ("app.history", "History", ("H",), "history", "Everywhere",
     "Show all runs that ever were, to be found by words of their inputs, results and errors."),
    ("app.stats", "Statistics", ("E",), "stats", "Everywhere",
     "Show how each executor did: tasks, failures, usual and slowest times, and tasks a second."),
)  # fmt: skip

HISTORY: tuple[Line, ...] = (
    ("history.open", "Open run", ("enter",), "choose", "History", "Show the whole tree of the run."),
    ("history.filter", "Filter", ("slash",), "filter", "History",
     "Type words to find runs: status:failed executor:x since:2d user:x tag:x label:x id:x duration>10s, text of the"
     ' inputs, results and errors, "a phrase", -not. Tab completes, ↑ recalls, Enter keeps.'),
    ("history.back", "Back", ("escape",), "clear_filter", "History", "Clear the filter; without one, go back."),
    ("history.filters", "Saved filters", ("F",), "saved_filters", "History",
     "Choose a saved filter, or save the present one under a name."),
    ("history.mark", "Mark", ("space",), "mark_run", "History",
     "Mark the run; pressed on another run, compare the two."),
    ("history.export_all", "Export all", ("X",), "export_all", "History",
     "Write all runs that fit the filter to a file; asks for the path."),
)  # fmt: skip

COMPARE: tuple[Line, ...] = (
    ("compare.back", "Back", ("escape",), "back", "Comparison", "Go back."),
    ("compare.swap", "Swap", ("s",), "swap", "Comparison", "Have the two runs change sides."),
    ("compare.all", "All tasks", ("a",), "all", "Comparison", "List also tasks that took as long, or only the others."),
    ("compare.copy", "Copy", ("y",), "copy_value", "Comparison", "Copy the comparison to the clipboard."),
)  # fmt: skip

TIMELINE: tuple[Line, ...] = (
    ("timeline.open", "Go to task", ("enter",), "choose", "Timeline", "Go to the task of the bar."),
    ("timeline.earlier", "Earlier", ("left", "h"), "earlier", "Timeline", "Go towards the beginning."),
    ("timeline.later", "Later", ("right", "l"), "later", "Timeline", "Go towards the end."),
    ("timeline.nearer", "Nearer", ("z",), "nearer", "Timeline", "Zoom in around the bar under the cursor."),
    ("timeline.farther", "Farther", ("Z",), "farther", "Timeline", "Zoom out."),
    ("timeline.fit", "Fit", ("0",), "fit", "Timeline",
     "Show the whole run again; of one that was rerun, its latest go, or all of them."),
)  # fmt: skip

TIMELINE_SCREEN: tuple[Line, ...] = (
    ("timeline.back", "Back", ("escape",), "back", "Timeline", "Leave the full screen."),
)  # fmt: skip

STATS: tuple[Line, ...] = (
    ("stats.open", "Its runs", ("enter",), "choose", "Statistics", "Show the executor's runs of that time."),
    ("stats.back", "Back", ("escape",), "back", "Statistics", "Go back."),
    ("stats.longer", "Longer", ("right", "l"), "window(1)", "Statistics", "Look at a longer time: 1 h, 1 d, 7 d, all."),
    ("stats.shorter", "Shorter", ("left", "h"), "window(-1)", "Statistics", "Look at a shorter time."),
    ("stats.sort", "Sort", ("s",), "sort(1)", "Statistics", "Sort by the next column."),
    ("stats.sort_back", "Sort back", ("S",), "sort(-1)", "Statistics", "Sort by the column before."),
)  # fmt: skip

ALL: tuple[Line, ...] = (
    *shared("runs"),
    *shared("detail"),
    *shared("history"),
    *SCREENS,
    *HISTORY,
    *COMPARE,
    *TIMELINE,
    *TIMELINE_SCREEN,
    *STATS,
)
