"""What a person does to the tasks of a draft; every edit can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from engine.catalogue import ExecutorSpec, Launchable
from engine.flow import FlowSpec
from engine.flow_schema import TASK, flow_schema
from tui.actions import Scope
from tui.draft import Draft, DraftError, Item
from tui.draft_card import need_text
from tui.draft_refs import references_of
from tui.draft_secrets import sealed
from tui.screens.ask_name import NameScreen
from tui.screens.pick import Choice, PickScreen
from tui.screens.sub import Sub
from tui.text import safe_text
from tui.widgets.draft_rows import DraftRows
from tui.wording import amount

if TYPE_CHECKING:
    from tui.draft_desk import Desk
    from tui.late_engine import LateEngine
    from tui.screens.launch_request import LaunchRequest

OPTIONS = ("executor", "name", "priority", "when", "retries", "retry_delay", "retry_backoff", "retry_on", "timeout",
           "pool", "max_concurrent", "retry_safe")  # fmt: skip
"""Keys of a task's entry that the form of its options has."""
LONGEST_WHEN = 2_000
NAME = 60
"""Characters of a task's name in a title or toast."""


class ComposeEdits(Sub):
    """The half of the screen that changes the draft; `changed` shows it."""

    SCOPE: ClassVar[Scope] = "compose"

    def __init__(self, thread: LateEngine, desk: Desk) -> None:
        super().__init__()
        self.thread, self.desk = thread, desk

    @property
    def rows(self) -> DraftRows:
        return self.query_one(DraftRows)

    @property
    def draft(self) -> Draft:
        return self.desk.draft

    def changed(self, select: int | None = None) -> None:
        """The draft is another one; `select` is the task that the cursor goes to."""

    def selected(self) -> Item | None:
        """The task under the cursor; says so where there is none."""
        item = self.rows.item
        if item is None:
            self.app.notify(f"no task yet: {self.app.keys.label('compose.add')} adds one", severity="warning")
        return item

    def take(self, edit: Callable[[], Draft], select: int | None, words: str) -> bool:
        """Go on with what `edit` makes of the draft; its refusal is said. False where nothing changed."""
        try:
            draft, count = sealed(edit(), self.thread.engine.catalogue, self.draft)
        except DraftError as error:
            self.app.notify(safe_text(str(error)), severity="warning")
            return False
        if not self.desk.edits.take(draft, select, words):
            return False
        if count:
            said = f"{amount(count, 'secret')} became {'an input' if count == 1 else 'inputs'} of the flow: a draft"
            self.app.notify(f"{said} keeps none, each launch asks")
        self.changed(select)
        return True

    # --- tasks ------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        self._pick_executor(inside=False)

    def action_add_inside(self) -> None:
        self._pick_executor(inside=True)

    def _pick_executor(self, *, inside: bool) -> None:
        specs = sorted(self.thread.engine.catalogue.executors.values(), key=lambda spec: spec.id)
        choices = [Choice(spec.id, spec.name if spec.name != spec.id else "", _about(spec)) for spec in specs]
        above = self.rows.item if inside else None
        title = f"Add under {safe_text(above.title, limit=NAME)}" if above is not None else "Add a task"

        def picked(at: int | None) -> None:
            if at is not None:
                self.add(specs[at], inside=inside)

        self.app.push_screen(PickScreen(title, choices, "adds it"), picked)

    def add(self, spec: ExecutorSpec, *, inside: bool = False, last: bool = False) -> None:
        """Add a task of an executor behind the selected one, or as the `last` of all, and select it."""
        beside = None if last else self.rows.item
        fields = {"id": self.draft.free_id(spec.id), "executor": spec.id}
        draft, key = self.draft.add(fields, beside=beside.key if beside is not None else None, inside=inside)
        self.take(lambda: draft, key, f"add {fields['id']}")

    def action_remove(self) -> None:
        item = self.selected()
        if item is not None:
            count = len(self.draft.below(item.key))
            what = item.title if count == 1 else f"{item.title} and {count - 1} under it"
            self.take(lambda: self.draft.remove(item.key), item.key, f"remove {what}")
            key = self.app.keys.label("compose.undo")
            self.app.notify(f"removed {safe_text(what, limit=NAME)}: {key} brings it back")

    def action_duplicate(self) -> None:
        item = self.selected()
        if item is not None:
            draft, key = self.draft.duplicate(item.key)
            self.take(lambda: draft, key, f"duplicate {item.title}")

    def action_shift(self, by: int) -> None:
        self._move(lambda item: self.draft.move(item.key, by), "move")

    def action_indent(self) -> None:
        self._move(lambda item: self.draft.indent(item.key), "indent")

    def action_outdent(self) -> None:
        self._move(lambda item: self.draft.outdent(item.key), "outdent")

    def _move(self, edit: Callable[[Item], Draft], words: str) -> None:
        item = self.selected()
        if item is not None:
            self.take(lambda: edit(item), item.key, f"{words} {item.title}")

    def action_group(self) -> None:
        """A group around the task; on a group its tasks stay, and the group goes."""
        item = self.selected()
        if item is None:
            return
        runs_nothing = self.thread.engine.catalogue.get(item.runs) is None and not item.executor
        if runs_nothing and (inside := self.draft.children(item.key)):
            self.take(lambda: self.draft.ungroup(item.key), inside[0].key, f"ungroup {item.title}")
        else:
            made, key = self.draft.group(item.key, "group")
            self.take(lambda: made, key, f"group {item.title}")

    def action_rename(self) -> None:
        item = self.selected()
        if item is None:
            return

        def named(name: str | None) -> None:
            if name is not None:
                self.take(lambda: self.draft.rename(item.key, name), item.key, f"rename {item.title}")

        text = "The id by which other tasks and expressions call it; those that do go along."
        self.app.push_screen(NameScreen("Rename", text, item.id or item.name, longest=100), named)

    def action_when(self) -> None:
        item = self.selected()
        if item is None:
            return
        when = item.fields.get("when")

        def said(text: str | None) -> None:
            if text is not None:
                self._set(item, {"when": _condition(text)}, "when of")

        text = (
            "It runs where this is true, e.g. inputs.notify, or tasks.ID.status == 'failed' for what it depends on; an "
            "empty line: always."
        )
        shown = str(when).lower() if isinstance(when, bool) else str(when or "")
        self.app.push_screen(NameScreen("When", text, shown, longest=LONGEST_WHEN, blank=True), said)

    # --- forms ------------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """The inputs of the selected task in the launch form of its executor."""
        from tui.screens.fill import FillScreen, FillShelf

        item = self.selected()
        if item is None:
            return
        spec = self.thread.engine.catalogue.get(item.runs)
        if spec is None:
            key = self.app.keys.label("compose.options")
            is_group = bool(self.draft.children(item.key)) and not item.executor
            said = "it is a group and has no inputs" if is_group else self.thread.engine.catalogue.unknown(item.runs)
            self.app.notify(f"{said} · {key} names its executor", severity="warning")
            return

        def filled(request: LaunchRequest | None) -> None:
            if request is not None:
                self._set(item, {"inputs": request.inputs or None}, "fill")

        title = f"Inputs of {safe_text(item.title, limit=NAME)}"
        inputs = item.inputs or None
        references = references_of(self.draft, item, self.thread.engine.catalogue)
        shelf = FillShelf(self.thread, spec.id)
        self.app.push_screen(FillScreen(spec, inputs, title=title, shelf=shelf, references=references), filled)

    def action_options(self) -> None:
        item = self.selected()
        if item is None:
            return

        def filled(request: LaunchRequest | None) -> None:
            if request is not None:
                self._set(item, {name: request.inputs.get(name) for name in OPTIONS}, "options of")

        given = {name: item.fields[name] for name in OPTIONS if item.fields.get(name) is not None}
        schema = {name: TASK[name] for name in OPTIONS}
        self._ask_form(f"Options of {safe_text(item.title, limit=NAME)}", schema, given, filled)

    def action_flow(self) -> None:
        """What is said of the flow itself."""
        schema = {**flow_schema()["$defs"]["flow"]["properties"]}
        del schema["tasks"], schema["$schema"]
        kept = {name: value for name, value in self.draft.head.items() if name not in schema}
        given = {name: value for name, value in self.draft.head.items() if name in schema and value is not None}

        def filled(request: LaunchRequest | None) -> None:
            if request is not None:
                head = kept | {name: value for name, value in request.inputs.items() if value not in (None, [])}
                item = self.rows.item
                self.take(lambda: self.draft.set_head(head), item.key if item is not None else None, "change the flow")

        self._ask_form("The flow", schema, given, filled)

    def _ask_form(
        self,
        title: str,
        properties: Mapping[str, Any],
        given: dict[str, Any],
        then: Callable[[LaunchRequest | None], None],
    ) -> None:
        from tui.screens.fill import FillScreen

        schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
        about: Launchable = FlowSpec(title, title, "", schema, ())
        self.app.push_screen(FillScreen(about, given, title=title), then)

    def _set(self, item: Item, given: Mapping[str, Any], words: str) -> None:
        """Change keys of the task's entry; None takes one away."""
        now = self.draft.item(item.key)
        if now is not None:
            fields = {name: value for name, value in now.fields.items() if name not in given}
            fields |= {name: value for name, value in given.items() if value is not None}
            ordered = {name: fields[name] for name in now.fields if name in fields} | fields
            self.take(lambda: self.draft.set_fields(item.key, ordered), item.key, f"{words} {item.title}")

    # --- links ------------------------------------------------------------------------------------------------

    def action_link(self) -> None:
        """Begin to link the task; while linking, link it to the one under the cursor, or cut that."""
        item, rows = self.selected(), self.rows
        if item is None:
            return
        if rows.source is None:
            if len(self.draft.items) < 2:
                self.app.notify("there is no other task to depend on", severity="warning")
                return
            rows.source = item.key
            self.changed(item.key)
        elif rows.source == item.key:
            self.end_linking()
        else:
            source = rows.source
            self.take(lambda: self.draft.link(source, item.key), item.key, f"link to {item.title}")

    def end_linking(self) -> bool:
        """Back to the task that was linked; False where none was."""
        source, self.rows.source = self.rows.source, None
        if source is not None:
            self.changed(source)
        return source is not None

    def action_optional(self) -> None:
        item, source = self.selected(), self.rows.source
        if item is None:
            return
        if source is None:
            key = self.app.keys.label("compose.link")
            self.app.notify(f"{key} first: then it is said of the dependency under the cursor", severity="warning")
            return
        self.take(lambda: self.draft.optional(source, item.key), item.key, f"dependency on {item.title}")

    def action_cut(self) -> None:
        """Take one dependency away; asks which where there are several."""
        self.end_linking()
        item = self.selected()
        if item is None:
            return
        if not item.needs:
            self.app.notify(f"{safe_text(item.title, limit=NAME)} depends on nothing", severity="warning")
            return

        def cut(at: int | None) -> None:
            if at is not None:
                self.take(lambda: self.draft.cut(item.key, at), item.key, f"cut a link of {item.title}")

        if len(item.needs) == 1:
            cut(0)
            return
        choices = [
            Choice(need_text(self.draft, need), "", "optional" if not need.required else "") for need in item.needs
        ]
        self.app.push_screen(PickScreen(f"Cut a link of {item.title}", choices, "cuts it"), cut)

    # --- back and forth ---------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        step = self.desk.edits.back()
        if step is None:
            self.app.notify("there is nothing to undo")
        else:
            self.app.notify(f"undone: {safe_text(step.words, limit=NAME)}")
            self.changed(step.selected)

    def action_redo(self) -> None:
        step = self.desk.edits.forth()
        if step is None:
            self.app.notify("there is nothing to do again")
        else:
            self.app.notify(f"done again: {safe_text(step.words, limit=NAME)}")
            self.changed(step.selected)


def _condition(text: str) -> str | bool | None:
    """What is typed as a condition: nothing means always."""
    text = text.strip()
    return {"": None, "true": True, "false": False}.get(text.lower(), text)


def _about(spec: ExecutorSpec) -> str:
    tags: Sequence[str] = spec.tags
    return f"{spec.description} {' '.join(tags)}".strip()
