"""What a person copied, as inputs: JSON, YAML, `K=V` lines, .env, HTTP headers, a curl command (forms.md 5.5). Pure.

Nothing is dropped in silence: each part of the text is in the patch, in `notes` (taken, but not quite so), in `unfit`
(not taken, and why), or the whole is a `problem`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.schema import MASK
from tui.forms import clip_curl, clip_http, clip_lines, strict_json, strict_yaml
from tui.forms.clip_fields import Inputs, Note, from_text, mended
from tui.forms.clip_shell import ShellError
from tui.forms.instance import ABSENT, Path, get, put

LARGEST = 1_200_000
"""Characters that are read."""
CHECKED = 64_000
"""Characters of a text whose values are tried against the schema at once; larger ones the form checks by itself."""
_LINE_END = re.compile(r"\r\n?")
_LONE = re.compile("[\ud800-\udfff]")
_YAML_KEY = re.compile(r"(?m)^[ \t]*(?:- )?[\"']?[^\s#:{}\[\],\"'][^:\n]{0,200}[\"']?:(?:\s|\Z)|^---|^- ")


@dataclass(frozen=True, slots=True)
class Clip:
    """What `read` made of a text; all of it is foreign.

    `kind` is in words what the text is, "" for nothing that is known; `patch` are inputs to set, `cleared` the names of
    inputs that must go with them; a `problem` says why nothing at all was taken.
    """

    kind: str
    patch: Mapping[str, Any]
    cleared: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    unfit: tuple[Note, ...] = ()
    problem: str = ""

    def applied(self, instance: Any) -> dict[str, Any]:
        """`instance` with the patch; a `•••` in it keeps the secret that stands there already."""
        before = instance if isinstance(instance, dict) else {}
        result: Any = {name: value for name, value in before.items() if name not in self.cleared} | dict(self.patch)
        for path in _masked(self.patch):
            kept = get(before, path)
            if kept is not ABSENT:
                result = put(result, path, kept)
        return dict(result)


def read(text: str, schema: Any) -> Clip:
    """Recognise `text` and fit it into the inputs of `schema`. Never raises."""
    text = _LINE_END.sub("\n", text)
    if len(text) > LARGEST:
        return Clip(
            "", {}, problem=f"more than {LARGEST // 1000:,} kB are not read here; the JSON of the form takes it"
        )
    if not text.strip():
        return Clip("", {}, problem="there is nothing in it")
    try:
        return _read(text.strip("\n\ufeff"), Inputs(schema))
    except RecursionError:
        return Clip("", {}, problem="it is nested too deeply")


def _read(text: str, inputs: Inputs) -> Clip:
    if clip_curl.is_curl(text):
        return _curl(text, inputs)
    if _LONE.search(text):
        return Clip("", {}, problem="it holds half a character")
    begin = text.lstrip()[:1]
    if begin in ("{", "["):
        return _json(text, inputs)
    pairs = clip_lines.assignments(text)
    if pairs is not None:
        return _pairs(pairs, inputs, ".env" if re.search(r"(?m)^\s*(?:#|export\s)", text) else "K=V lines")
    roles = clip_http.roles_of(inputs)
    headers = clip_lines.headers(text) if roles else None
    if headers is not None and not any(inputs.find(name) for name, _ in headers.pairs):
        filled = clip_http.fill_headers(inputs, roles, headers.pairs)
        return _filled("HTTP headers", filled, inputs, [*headers.unfit])
    return _yaml(text, inputs)


# JSON and YAML


def _json(text: str, inputs: Inputs) -> Clip:
    try:
        value = strict_json.parse(text)
    except strict_json.JsonError as error:
        flow = _flow(text)
        return Clip("JSON", {}, problem=str(error)) if flow is ABSENT else _value("YAML", flow, inputs, len(text))
    return _value("JSON", value, inputs, len(text))


def _flow(text: str) -> Any:
    """YAML in braces, `{name: Ann}`; ABSENT where a person who meant JSON would be told of YAML's troubles."""
    if '"' in text or len(text) > 4096:
        return ABSENT
    try:
        return strict_yaml.parse(text)
    except strict_yaml.YamlError:
        return ABSENT


def _yaml(text: str, inputs: Inputs) -> Clip:
    if not _YAML_KEY.search(text[:4096]):
        return Clip("", {}, problem="it is no JSON, YAML, K=V lines, .env, headers or curl command")
    try:
        return _value("YAML", strict_yaml.parse(text), inputs, len(text))
    except strict_yaml.YamlError as error:
        return Clip("YAML", {}, problem=str(error))


def _value(kind: str, value: Any, inputs: Inputs, size: int) -> Clip:
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "a single value"
        return Clip(kind, {}, problem=f"it is {kind}, but {what}: inputs have names")
    notes: list[Note] = []
    inner = value.get("inputs")
    if isinstance(inner, dict) and inputs.find("inputs") is None:
        notes = [Note(name, "stands beside the inputs") for name in value if name != "inputs"]
        value = inner
    patch: dict[str, Any] = {}
    unfit: list[Note] = []
    for name, item in value.items():
        row = inputs.row(name) or inputs.find(name)
        target = str(row.path[0]) if row is not None else name
        refusal = "" if row is not None or size > CHECKED else inputs.refusal(name, item)
        if refusal:
            unfit.append(Note(name[:80], refusal))
        elif target in patch:
            unfit.append(Note(name[:80], f"{target} is given already"))
        else:
            patch[target] = item
    return _checked(kind, patch, inputs, size, notes=notes, unfit=unfit)


def _checked(
    kind: str, patch: dict[str, Any], inputs: Inputs, size: int, *, notes: list[Note], unfit: list[Note]
) -> Clip:
    """Values turned into the schema's types; what stays wrong is taken all the same, and said."""
    wrong: list[Note] = []
    if size <= CHECKED and patch:
        patch, wrong = mended(inputs.schema, patch)
    said = [*notes, *(Note(note.what, f"{note.why} (taken as it is)") for note in wrong)]
    return Clip(kind, patch, notes=tuple(said), unfit=tuple(unfit))


# names and values


def _pairs(found: clip_lines.Pairs, inputs: Inputs, kind: str) -> Clip:
    patch: dict[str, Any] = {}
    notes: list[Note] = []
    unfit = list(found.unfit)
    free = not inputs.names
    for name, text in found.pairs:
        row = inputs.find(name)
        path: Path = row.path if row is not None else (name,)
        if row is None:
            head, dot, rest = name.partition(".")
            outer = inputs.find(head) if dot and rest else None
            inner = inputs.inside(outer.path) if outer is not None and outer.kind in ("object", "map") else {}
            if outer is not None and outer.kind in ("object", "map"):
                row = inner.get("".join(filter(str.isalnum, rest)).casefold())
                path = row.path if row is not None else (*outer.path, rest)
            elif not free:
                unfit.append(Note(name[:80], "is not an input of this task"))
                continue
        value = from_text(row, text) if row is not None else text
        if value is ABSENT:
            why = "is none of its options" if row is not None and row.kind == "choice" else "is not taken as that"
            unfit.append(Note(name[:80], f"its value {why} ({row.kind if row is not None else 'text'})"))
            continue
        if get(patch, path) is not ABSENT:
            notes.append(Note(name, "stands more than once; the last one counts"))
        patch = put(patch, path, value)
    size = sum(len(text) for _, text in found.pairs)
    return _checked(kind, patch, inputs, size, notes=notes, unfit=unfit)


# HTTP


def _curl(text: str, inputs: Inputs) -> Clip:
    roles = clip_http.roles_of(inputs)
    if not roles:
        said = "it is a curl command, and this executor sends no HTTP request: it has no url beside a method or headers"
        return Clip("curl", {}, problem=said)
    try:
        request = clip_curl.request(text)
    except ShellError as error:
        return Clip("curl", {}, problem=f"it is a curl command, but {error}")
    return _filled("curl", clip_http.fill(inputs, roles, request), inputs, [])


def _filled(kind: str, filled: clip_http.Filled, inputs: Inputs, unfit: list[Note]) -> Clip:
    size = sum(len(value) if isinstance(value, str) else 1 for value in filled.patch.values())
    made = _checked(kind, filled.patch, inputs, size, notes=filled.notes, unfit=[*filled.unfit, *unfit])
    return Clip(kind, made.patch, tuple(filled.cleared), made.notes, made.unfit)


def _masked(patch: Mapping[str, Any]) -> list[Path]:
    """Where a mask stands in the patch."""
    found: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), patch)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, Mapping):
            stack.extend(((*path, str(key)), inner) for key, inner in item.items())
        elif isinstance(item, list):
            stack.extend(((*path, at), inner) for at, inner in enumerate(item))
        elif isinstance(item, str) and item == MASK:
            found.append(path)
    return found
