"""Fills a form by the calls of its contract alone, as a person would who knows the answer."""

from __future__ import annotations

from typing import Any

from tui.forms.model import ABSENT, Form, Path, Row

CONTAINERS = ("object", "map", "array", "tuple")


def same(one: Any, two: Any) -> bool:
    """JSON equality that tells 1 from true; the order of keys does not count."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return isinstance(one, bool) == isinstance(two, bool) and bool(one == two)


def at(form: Form, path: Path) -> Any:
    """What stands at `path` in the instance."""
    value = form.instance
    for key in path:
        inside = key in value if isinstance(value, dict) else isinstance(value, list) and key in range(len(value))
        if not inside:
            return ABSENT
        value = value[key]
    return value


def row_at(form: Form, path: Path, *, branch: bool = False) -> Row | None:
    """The row at `path`; with `branch` that of a union's chosen branch, which stands below the union's."""
    found = [row for row in form.rows() if row.path == path]
    return None if not found else found[-1] if branch else found[0]


def build(schema: Any, value: Any) -> Form:
    """A form that began empty and was filled until it holds `value`."""
    form = Form(schema)
    _fill(form, (), value)
    return form


def _fill(form: Form, path: Path, value: Any) -> None:
    row = row_at(form, path)
    if row is None:
        form.set(path, value)
    elif value is None:
        form.set_null(path)
    elif row.kind == "union":
        _fill_union(form, path, value, len(row.branches))
    else:
        _fill_row(form, row, value)


def _fill_union(form: Form, path: Path, value: Any, branches: int) -> None:
    """Take one branch after the other, until one can hold the value without a problem."""
    fallback = None
    for branch in range(branches):
        form.choose(path, branch)
        row = row_at(form, path, branch=True)
        if row is None:
            continue
        if row.kind == "union":
            _fill_object(form, path, value) if isinstance(value, dict) else form.set(path, value)
        else:
            _fill_row(form, row, value)
        if same(at(form, path), value):
            if not any(problem.path[: len(path)] == path for problem in form.problems):
                return
            fallback = branch
    if fallback is not None:
        form.choose(path, fallback)


def _fill_row(form: Form, row: Row, value: Any) -> None:
    if row.kind in ("object", "map") and isinstance(value, dict):
        _fill_object(form, row.path, value)
    elif row.kind in ("array", "tuple") and isinstance(value, list):
        _fill_list(form, row.path, value)
    else:
        form.set(row.path, value)


def _fill_object(form: Form, path: Path, value: dict[str, Any]) -> None:
    form.open(path)
    left = list(value)
    while left:
        drawn = {row.path for row in form.rows()}
        ready = [key for key in left if (*path, key) in drawn]
        if not ready:
            break
        for key in ready:
            _fill(form, (*path, key), value[key])
            left.remove(key)
    for key in left:
        _fill(form, form.add(path, key), value[key])
    present = at(form, path)
    for key in [key for key in present if key not in value] if isinstance(present, dict) else ():
        form.unset((*path, key))
    if not value and at(form, path) != {}:
        form.set(path, {})


def _fill_list(form: Form, path: Path, value: list[Any]) -> None:
    form.open(path)
    if not value:
        form.set(path, [])
    for index, item in enumerate(value):
        place: Path = (*path, index)
        if at(form, place) is ABSENT and row_at(form, place) is None:
            place = form.add(path)
        _fill(form, place, item)


def open_all(form: Form, depth: int = 6) -> list[Row]:
    """All rows, with everything opened down to `depth`."""
    for _ in range(depth):
        closed = [row.path for row in form.rows() if row.kind in (*CONTAINERS, "union") and not row.is_open]
        if not closed or len(form.rows()) > 1500:
            break
        for path in closed:
            if len(path) < depth:
                form.open(path)
    return form.rows()
