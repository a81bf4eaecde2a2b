"""Versions of executors on the screen: what runs beside what is current, the code that ran, problems, what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.catalogue import Catalogue, ExecutorSpec, Problem
from engine.errors import ExecutorError
from engine.task import Task, TaskStatus
from engine.version_source import VersionSource
from tests.tui.console_driver import SIZES, Driven, console
from tests.tui.fake_engine import FakeEngine, make_catalogue, make_spec
from tui.diff import diff_lines
from tui.screens.quit import Question
from tui.source import MOST_LINES, source_lines
from tui.versions import running_note, short, standing
from tui.widgets.rows import Piece

OLD, NEW = "3f9a11c04b7d", "81be91c04b7d"
CODE = {"upload.py": "import helper\n\n\ndef run():\n    return helper.word()\n", "helper.py": "WORD = 'a'\n"}


def kept(**changes: str) -> VersionSource:
    files = {**CODE, **{f"{name}.py": text for name, text in changes.items()}}
    return VersionSource("/srv/executors", {path: text.encode() for path, text in files.items()})


def spec_of(version: str, **changes: str) -> ExecutorSpec:
    return make_spec("upload", "Upload", version=version, source=lambda: kept(**changes))


def engine() -> FakeEngine:
    """A task that runs the current version, and others."""
    made = FakeEngine(spec_of(OLD), make_spec("idle", version=NEW))
    made.sources[OLD] = kept()
    made.add("nightly", id="run", params={"executor_id": "upload"})
    made.add("other", id="other", params={"executor_id": "idle"})
    made.start("run", ago=5, message="half way")
    made.start("other")
    return made


def changed(driven: Driven) -> Catalogue:
    """The helper was saved: the executor is another version."""
    idle = driven.engine.catalogue.executors["idle"]
    return make_catalogue(spec_of(NEW, helper="WORD = 'b'\n"), idle, epoch=2)


async def save(driven: Driven, catalogue: Catalogue | None = None) -> None:
    driven.engine.publish_catalogue(catalogue or changed(driven))
    await driven.settle()


# --- what runs and what is current -------------------------------------------------------------------------------


def test_versions_are_short_and_never_look_alike() -> None:
    assert short(OLD, NEW) == "v3f9a"
    assert (short("3f9a11", "3f9a12"), short("3f9a12", "3f9a11")) == ("v3f9a11", "v3f9a12")
    assert short("3f9a", "3f9a") == "v3f9a" and short("3f", "3f9a") == "v3f"
    assert standing(OLD, OLD) == "v3f9a, current" and standing(OLD, NEW) == "v3f9a, not current"
    assert standing(OLD, None) == "v3f9a, not in the catalogue" and standing("", NEW) == ""


def test_only_what_runs_another_version_says_so() -> None:
    task = Task("a", "a", "a", status=TaskStatus.IN_PROGRESS, executor_version=OLD)
    assert running_note(task, NEW) == "running v3f9a, current v81be"
    assert running_note(task, None) == "running v3f9a, not in the catalogue"
    assert running_note(task, OLD) == "" and running_note(task, "") == ""
    task.status = TaskStatus.COMPLETED
    assert running_note(task, NEW) == ""
    group = Task("g", "g", "g", status=TaskStatus.IN_PROGRESS)
    assert running_note(group, None) == "", "a group runs no code"


@SIZES
async def test_a_task_that_runs_a_former_version_says_so_in_its_row_and_above_its_detail(
    size: tuple[int, int],
) -> None:
    async with console(engine, size) as driven:
        await driven.select("run")
        assert "current" not in driven.screen
        await save(driven)
        assert "running v3f9a, current v81be" in driven.line("nightly")
        assert "running v3f9a, current v81be" in driven.line("3 Detail")
        assert "current" not in driven.line("other")
        await driven.select("other")
        assert "current" not in driven.line("3 Detail")
        driven.engine.finish("run")
        await driven.select("run")
        assert "current" not in driven.line("nightly") + driven.line("3 Detail"), "it runs no more"


@SIZES
async def test_info_says_the_version_of_each_attempt_and_whether_it_is_current(size: tuple[int, int]) -> None:
    async with console(engine, size) as driven:
        await driven.select("run")
        await driven.press("f9", "3", "plus")
        assert "3f9a11c04b7d  v3f9a, current" in driven.line("version ")
        await save(driven)
        assert "v3f9a, not current: that is v81be" in driven.line("version ")
        driven.engine.finish("run", TaskStatus.FAILED, error="no")
        await driven.engine.rerun("run")
        await driven.settle()
        await driven.press("f9")
        lines = driven.console.detail.text_view.text.split("\n")
        assert "failed  v3f9a, not current" in next(line for line in lines if line.startswith("  1"))
        assert "done  v81be, current" in next(line for line in lines if line.startswith("  2"))


# --- the code that ran -------------------------------------------------------------------------------------------


@SIZES
async def test_the_source_tab_shows_the_code_that_ran_and_what_changed_since(size: tuple[int, int]) -> None:
    async with console(engine, size) as driven:
        await driven.select("run")
        assert ("source", OLD) not in driven.engine.asked, "it is read when it is looked at"
        await driven.press("f10")
        assert "it ran v3f9a, the current version" in driven.screen
        assert "    5 │     return helper.word()" in driven.console.detail.text_view.text
        driven.engine.log_line("run", "goes on")
        driven.console.tick()
        await driven.settle()
        assert driven.engine.asked.count(("source", OLD)) == 1, "and once"
        await save(driven)
        lines = driven.console.detail.text_view.text.split("\n")
        assert lines[:7] == [
            "it ran v3f9a, current is v81be; - and + lead from v3f9a to v81be",
            "",
            "--- helper.py  v3f9a",
            "+++ helper.py  v81be",
            "@@ -1 +1 @@",
            "- WORD = 'a'",
            "+ WORD = 'b'",
        ]
        assert "    1 │ WORD = 'a'" in lines, "the code of then stands below"
        await driven.press("3", "G")
        top = driven.console.detail.text_view.scroll_offset.y
        driven.console.tick()
        driven.engine.start("run", progress=0.5)
        await driven.settle()
        assert driven.console.detail.text_view.scroll_offset.y == top > 0, "the reader stays where he is"


async def test_long_lines_end_before_the_scrollbar() -> None:
    line = "x" * 200
    async with console(engine, (80, 24)) as driven:
        driven.engine.sources[OLD] = kept(upload=f"{line}\n" * 30)
        await driven.select("run")
        await driven.press("f10", "3", "plus")
        rows = [row.count("x") for row in driven.screen.split("\n")[5:8]]
        assert sum(rows) == 200, "no cell lies below the scrollbar"
        await driven.press("underscore")
        assert "x" * 75 in driven.screen and "x" * 76 not in driven.screen


async def test_what_has_no_source_says_why() -> None:
    async with console(engine) as driven:
        driven.engine.sources.clear()
        await save(driven)
        await driven.select("run")
        await driven.press("f10")
        assert "the source of v3f9a is not kept" in driven.screen
        driven.engine.add("waits", id="waits")
        await driven.settle()
        await driven.select("waits")
        await driven.press("f10")
        assert "no code of an executor ran yet" in driven.screen


async def test_a_refusal_of_the_store_stands_in_the_place_of_the_source() -> None:
    async with console(engine) as driven:

        async def refuse(version: str) -> VersionSource | None:
            raise ExecutorError("the disk is full", "Make room")

        driven.engine.source = refuse  # type: ignore[method-assign]
        await driven.select("run")
        await driven.press("f10")
        assert "✗ the source of v3f9a cannot be read" in driven.screen
        assert "the disk is full. Make room" in driven.screen


def test_files_that_came_went_and_were_renamed_are_in_the_diff() -> None:
    then = VersionSource("/srv", {"a.py": b"x = 1\n", "gone.py": b"old\n", "same.py": b"same\n"})
    now = VersionSource("/srv", {"b.py": b"x = 1\n", "new.py": b"fresh\n", "same.py": b"same\n"})
    text = "\n".join(line for line, _ in source_lines(OLD, then, make_spec("e", version=NEW, source=lambda: now)))
    diff = text[: text.index("── a.py")]
    for said in (
        "--- a.py  v3f9a\n+++ b.py  v81be",
        "--- gone.py  v3f9a\n+++ nothing",
        "--- nothing  v3f9a\n+++ new.py",
    ):
        assert said in diff
    assert "- old" in diff and "+ fresh" in diff and "same" not in diff


def test_the_executor_that_is_gone_leaves_the_code_that_ran() -> None:
    lines = source_lines(OLD, kept(), None)
    assert lines[0] == ("it ran v3f9a; its executor is not in the catalogue now", "warn")
    assert ("    1 │ WORD = 'a'", "") in lines


def test_a_source_of_endless_lines_is_cut() -> None:
    lines = source_lines(OLD, VersionSource("/srv", {"a.py": b"\n" * MOST_LINES + b"x\nx\n"}), None)
    assert len(lines) < MOST_LINES + 10
    assert lines[-1] == ("… 2 lines more", "dim")


def test_a_diff_has_context_signs_and_places() -> None:
    old = [f"line {number}" for number in range(1, 21)]
    new = [*old[:9], "other", *old[10:], "more"]
    lines = list(diff_lines(old, new))
    assert [line for line, _ in lines] == [
        "@@ -7,7 +7,7 @@", "  line 7", "  line 8", "  line 9", "- line 10", "+ other", "  line 11", "  line 12",
        "  line 13", "@@ -18,3 +18,4 @@", "  line 18", "  line 19", "  line 20", "+ more",
    ]  # fmt: skip
    assert {role for line, role in lines if line[0] == "+"} == {"good"}
    assert {role for line, role in lines if line[0] == "-"} == {"bad"}
    assert list(diff_lines(old, old)) == [] and next(iter(diff_lines([], ["a"])))[0] == "@@ -0,0 +1 @@"


def test_a_diff_of_what_repeats_without_end_is_coarse_and_whole() -> None:
    old = ["start", *["same"] * 3_000, "end"]
    new = ["start", "first", *["same"] * 2_000, "other", *["same"] * 900, "last", "end"]
    lines = [line for line, _ in diff_lines(old, new)]
    assert [line[2:] for line in lines if line[0] in " -"] == old
    assert [line[2:] for line in lines if line[0] in " +"] == new


# --- again with the version of then ------------------------------------------------------------------------------


@SIZES
async def test_v_runs_the_version_of_then_after_a_question(size: tuple[int, int]) -> None:
    async with console(engine, size) as driven:
        driven.engine.finish("run")
        await save(driven)
        await driven.select("run")
        await driven.press("V")
        assert isinstance(driven.app.screen, Question)
        text = " ".join(driven.screen.replace("│", " ").split())
        assert "again with v3f9a, the version that it ran then" in text
        assert "not with the current v81be" in text
        await driven.press("enter")
        assert ("rerun", f"run {OLD}") not in driven.engine.asked, "no is the default"
        await driven.press("V", "l", "enter")
        assert driven.engine.asked[-1] == ("rerun", f"run {OLD}")
        assert driven.engine.tasks["run"].executor_version == OLD
        assert driven.console.runs.rows.selected == "run"


async def test_v_asks_nothing_where_it_is_the_current_one_and_says_so() -> None:
    async with console(engine) as driven:
        await driven.select("run")
        await driven.press("V")
        assert "it has not ended yet" in driven.said
        driven.engine.finish("run")
        await driven.settle()
        await driven.press("V")
        assert driven.app.screen is driven.console
        assert "v3f9a, which it ran, is the current version: r reruns it" in driven.said
        driven.engine.tasks["run"].executor_version = None
        await driven.press("V")
        assert "ran no code of an executor" in driven.said
        assert not [asked for asked in driven.engine.asked if asked[0] == "rerun"]


async def test_v_of_an_executor_that_is_gone_asks_too_and_refusals_are_said() -> None:
    async with console(engine) as driven:
        driven.engine.finish("run")
        await save(driven, make_catalogue(driven.engine.catalogue.executors["idle"], epoch=2))

        async def refuse(task_id: str, *, version: str) -> Task:
            raise ExecutorError("the source of version 3f9a is not kept", "Run the present version instead")

        driven.engine.rerun = refuse  # type: ignore[method-assign, assignment]
        await driven.select("run")
        await driven.press("V")
        assert "not in the catalogue" in " ".join(driven.screen.split())
        await driven.press("l", "enter")
        assert "the source of version 3f9a is not kept" in driven.said


@pytest.mark.parametrize("name", ["Rerun then", "Edit code"])
async def test_the_palette_has_it(name: str) -> None:
    async with console(engine) as driven:
        await driven.press("ctrl+p", *name.lower().replace(" ", ""))
        await driven.settle()
        assert name in driven.screen


# --- what changed, what is broken --------------------------------------------------------------------------------


@SIZES
async def test_an_executor_that_changed_stands_out_once(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(engine, size) as driven:
        rows = driven.console.catalogue.rows
        await save(driven)
        assert "↻ upload" in driven.screen and "↻ idle" not in driven.screen
        at = [row.key for row in rows.rows].index("upload")
        assert {role for _, role in rows.draw(at, 80)} == {"live"}
        drawn: list[int] = []
        draw = rows.draw

        def noting(index: int, width: int) -> list[Piece]:
            drawn.append(index)
            return draw(index, width)

        monkeypatch.setattr(rows, "draw", noting)
        driven.console.catalogue.flash()
        await driven.settle()
        assert drawn == [at], "one row is painted, once"
        assert "↻" not in driven.screen
        driven.console.catalogue.flash()
        await driven.settle()
        assert drawn == [at], "nothing more happens"


@SIZES
async def test_problems_are_counted_above_the_catalogue_and_in_the_status_line(size: tuple[int, int]) -> None:
    async with console(engine, size) as driven:
        specs = driven.engine.catalogue.executors.values()
        problems = [Problem(f"/srv/{name}.py", 3, "SyntaxError: no") for name in ("one", "three", "two")]
        await save(driven, make_catalogue(*specs, problems=problems, epoch=2))
        assert "✗ 3 problems" in driven.line("3 problems")
        assert driven.console.catalogue.rows.rows[0].spec is None
        assert "✗ 3 problems: two.py:3 SyntaxError" in driven.last_line
        await save(driven, make_catalogue(*specs, make_spec("new"), problems=problems[:2], epoch=3))
        assert "new added · ✗ 2 problems" in driven.last_line
        driven.console._fall_back()
        await driven.settle()
        assert "✗ 2 problems: three.py:3" in driven.last_line
        await save(driven, make_catalogue(*specs, epoch=4))
        assert "problem" not in driven.screen


# --- an open dialog ----------------------------------------------------------------------------------------------


@SIZES
async def test_a_dialog_follows_its_executor_and_keeps_what_was_typed(size: tuple[int, int]) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "times": {"type": "string"}}}
    newer = {"type": "object", "properties": {"title": {"type": "string"}, "times": {"type": "integer"}}}

    def make() -> FakeEngine:
        return FakeEngine(make_spec("greet", schema=schema, version=OLD))

    async with console(make, size) as driven:
        await driven.press("enter", *"Ada", "enter", *"x")
        spec = driven.engine.catalogue.executors["greet"]
        await save(driven, make_catalogue(replace(spec, version="c0de11"), epoch=2))
        assert "its code changed on disk, vc0de is launched now" in driven.screen
        await save(driven, make_catalogue(epoch=3))
        assert "✗ cannot be launched: greet is not in the catalogue any more" in driven.screen
        await driven.press("ctrl+r")
        assert driven.engine.asked == [] and driven.app.screen is not driven.console
        await save(driven, make_catalogue(replace(spec, version="c0de11"), epoch=4))
        assert "it is back in the catalogue" in driven.screen
        await save(driven, make_catalogue(replace(spec, version=NEW, schema=newer), epoch=5))
        line = driven.line("its inputs changed on disk")
        assert "(v81be); fits no more: name, times" in line
        await driven.press("backspace", "4", "ctrl+r")
        assert driven.engine.asked == [("launch", "greet")]
        assert driven.engine.tasks["task-1"].inputs == {"name": "Ada", "times": 4}


async def test_what_fits_is_kept_without_a_word_about_it() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    newer = {"type": "object", "properties": {"loud": {"type": "boolean"}, "name": {"type": "string"}}}

    def make() -> FakeEngine:
        return FakeEngine(make_spec("greet", schema=schema, version=OLD))

    async with console(make) as driven:
        await driven.press("enter", *"Ada")
        spec = driven.engine.catalogue.executors["greet"]
        await save(driven, make_catalogue(replace(spec, version=NEW, schema=newer), epoch=2))
        assert "its inputs changed on disk (v81be); what was typed is kept" in driven.screen
        assert driven.app.screen.form.sent == {"name": "Ada"}  # type: ignore[attr-defined]
