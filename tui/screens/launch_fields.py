"""What opens around a field of the launch dialog: its menu and details, the search, the list of problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from engine.schema import path_text
from tui.forms import fields
from tui.forms.details import detail_lines
from tui.forms.model import Path, Problem, Row
from tui.keymap import keymap_of
from tui.screens.field_details import DetailsScreen
from tui.screens.field_menu import NEXT_STATE, MenuScreen
from tui.screens.launch_data import LaunchData
from tui.screens.pick import Choice, PickScreen
from tui.screens.text_edit import TextScreen

HELP = 120


class LaunchFields(LaunchData):
    """Goes on where `LaunchData` ends."""

    # the menu

    async def action_menu(self) -> None:
        await self._in_form(self._menu)

    async def _menu(self) -> None:
        pane, row = self.pane, self.pane.focused_row()
        if row is None:
            self._refresh("no field has the focus")
            return
        screen = MenuScreen(pane.label_of(row.path) or row.label, pane.acts(), keymap_of(self.app))
        self.app.push_screen(screen, self._do)

    async def _do(self, act: str | None) -> None:
        """Do what was taken from the menu."""
        pane, row = self.pane, self.pane.focused_row()
        if act is None or row is None:
            return
        if act in ("copy", "copy_path"):
            self._copy(pane.copied(path=act == "copy_path"), "path" if act == "copy_path" else "value")
        elif act == "json":
            self._edit_json(row)
        elif act == "paste":
            title = f"Paste into {pane.label_of(row.path)}: one a line, K=V, or JSON"
            self.app.push_screen(TextScreen(title, "", language=None), self._pasted)
        else:
            acts: dict[str, Callable[[], Awaitable[None]]] = {
                NEXT_STATE: pane.next_state,
                "null": pane.set_null,
                "unset": pane.unset,
                "empty": pane.set_empty,
                "default": pane.take_default,
                "suggest": pane.suggest,
                "no_name": pane.unname,
                "lines": pane.in_lines,
                "reading": pane.reading,
                "add": pane.add_item,
                "other": pane.add_other,
                "beside": lambda: pane.add_other(beside=True),
                "duplicate": pane.duplicate,
                "up": lambda: pane.move_item(-1),
                "down": lambda: pane.move_item(1),
                "remove": pane.remove_item,
                "page": lambda: pane.page(1),
                "page_back": lambda: pane.page(-1),
            }
            await acts[act]()

    def _copy(self, text: str | None, what: str) -> None:
        if text is None:
            self._refresh("a secret is not copied unless it is revealed")
            return
        self.app.copy_to_clipboard(text)
        self._refresh(f"the {what} was copied")

    async def _pasted(self, text: str | None) -> None:
        if text is not None:
            await self.pane.paste_many(text)

    def _edit_json(self, row: Row) -> None:
        pane, path = self.pane, row.path
        text = pane.json_text(row)
        if text is None:
            self._refresh("✗ it is too large to be edited as JSON here")
            return

        async def took(answer: str | None) -> None:
            if answer is not None:
                await pane.take_json(path, answer)

        title = f"{pane.label_of(path) or row.label} as JSON"
        self.app.push_screen(TextScreen(title, text, lambda typed: pane.judge_json(path, typed)), took)

    # details and search

    async def action_details(self) -> None:
        await self._in_form(self._details)

    async def _details(self) -> None:
        pane, row, widget = self.pane, self.pane.focused_row(), self.pane.focused()
        if row is None or widget is None:
            self._refresh("no field has the focus")
            return
        lines = detail_lines(pane.form, row, widget.error)
        self.app.push_screen(DetailsScreen(pane.label_of(row.path) or row.label, lines))

    async def action_search(self) -> None:
        await self._after_keys(self._search)

    async def _search(self) -> None:
        if not self._ready or self._refusal:
            return
        if not self._shows_form:
            await self.turn_to("form")
        rows = [row for row in self.pane.form.every_row() if row.path]
        labels = _labels(rows)
        unique = list({row.path: row for row in rows}.values())
        choices = [Choice(labels[row.path], path_text(row.path), _told(row)) for row in unique]

        async def took(at: int | None) -> None:
            if at is not None:
                await self.pane.go(unique[at].path)

        self.app.push_screen(PickScreen("Go to a field", choices), took)

    # problems

    async def action_problem(self, step: int) -> None:
        await self._after_keys(lambda: self._go_problem(step))

    async def _go_problem(self, step: int) -> None:
        if not self._ready or self._refusal:
            return
        if self._view == "json":
            self._refresh(await self._go_mark(step))
        elif self._shows_form:
            self._refresh(await self.pane.go_problem(step))

    async def action_problems(self) -> None:
        await self._after_keys(self._list_problems)

    async def _list_problems(self) -> None:
        """All problems; in the text by their lines."""
        if not self._ready or self._refusal:
            return
        if self._view == "json":
            await self._go_mark(1)
            marks = list(self._marks)
            if not marks and self.form.problems:  # a text too large to edit: its problems have no lines
                await self.turn_to("form")
                await self._list_problems()
                return
            lines = [Choice(f"line {line}", "", words, "$error") for line, _, words in marks]
            self._pick(lines, lambda at: self._at_line(marks[at][0]))
            return
        if not self._shows_form:
            await self.turn_to("form")
        pane = self.pane
        pane.tried = True
        await pane.show()
        problems = list(pane.problems)
        labels = _labels(pane.form.every_row())
        labelled = [
            Choice(
                labels.get(problem.path) or path_text(problem.path) or "all",
                path_text(problem.path),
                problem.text,
                "$error",
            )
            for problem in problems
        ]
        self._pick(labelled, lambda at: self._to_problem(problems[at]))

    def _pick(self, choices: list[Choice], then: Callable[[int], Awaitable[None]]) -> None:
        if not choices:
            self._refresh("no problems")
            return

        async def took(at: int | None) -> None:
            if at is not None:
                await then(at)

        count = f"{len(choices)} problem{'' if len(choices) == 1 else 's'}"
        self.app.push_screen(PickScreen(count, choices), took)

    async def _at_line(self, line: int) -> None:
        self._go_line(line)

    async def _to_problem(self, problem: Problem) -> None:
        await self.pane.to_problem(problem)
        self._refresh(f"✗ {problem.text}")


def _labels(rows: Iterable[Row]) -> dict[Path, str]:
    """The label of each row behind those of its parents: `Limits › CPU`."""
    found: dict[Path, str] = {}
    for row in rows:
        if row.path:
            above = found.get(row.path[:-1], "")
            found.setdefault(row.path, f"{above} › {row.label}" if above else row.label)
    return found


def _told(row: Row) -> str:
    """What a row holds, and the beginning of its help."""
    shown = ""
    if row.state == "value" and not row.is_container:
        shown = "= •••" if row.is_hidden else f"= {fields.brief(row.value, 30)}"
    return " · ".join(filter(None, [shown, row.help[:HELP]]))
