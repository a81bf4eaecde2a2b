"""A row of the form: one line, with all that its widget needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT, Path, state
from tui.forms.nodes import Node

CONTAINERS = frozenset({"object", "map", "array", "tuple", "union"})
TEXTS = frozenset({"text", "multiline", "secret", "path", "date", "time", "datetime"})
LONGEST = 16_000
"""Characters, and values, that the editor of a row holds at a key's speed; of more the beginning is shown (2.5)."""

HELP_WORDS = (
    *("description", "ui:description", "markdownDescription", "ui:help", "x-description"),
    *("help_text", "x-help", "x-hint", "hint", "tooltip"),
)
"""Keywords that explain a field to a person, the shortest first: those of JSON Schema, RJSF, VS Code and nf-core."""
State = Literal["absent", "null", "empty", "value"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form. `value` is ABSENT where nothing is sent; `default` is the schema's, or ABSENT.

    `name` is the raw key, `label` what is shown; `keyed` means that the key is the user's to choose, `removable` that
    the row is an item or entry; `options` are (label, value), `branches` labels and `chosen` the branch of a union;
    `text` is what stands in the row's editor; `reason` says why a row is raw; `long` asks for an editor of several
    lines; `typed_name` is a key that could not be taken; `step` is what a number grows by, `most` how many items fit.
    `proposals` are values that may be overtyped, `suggestion` what another branch of a union has under this name;
    `section` is the title of the group the row stands in, `because` why it is required, `note` what is wrong with its
    schema; `growable` tells that entries or items can be added, also to a union's branch that is an object, `silent`
    that the schema allows entries and does not speak of them; `unnamed` is an entry that waits for its key,
    `key_options` are the only keys that fit and are not used yet, where the schema has the `names_listed`. `page` is
    (first item drawn, items in all) of a list or map drawn in parts; `longest` is how many characters a text may have,
    `first` the scalars that tell what a container holds, secrets masked; `format` is the schema's word; `held` says how
    long a value is that no editor of a row holds: `text` is only its beginning then; `is_hidden` that its value is a
    secret. All text is foreign.
    """

    path: Path
    kind: str
    label: str
    name: str
    help: str
    constraint: str
    state: State
    required: bool
    value: Any
    text: str
    default: Any = ABSENT
    constant: Any = ABSENT
    depth: int = 0
    options: list[tuple[str, Any]] = field(default_factory=list)
    option_help: list[str] = field(default_factory=list)
    proposals: list[Any] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    chosen: int | None = None
    types: tuple[str, ...] = ()
    is_open: bool = False
    nullable: bool = False
    removable: bool = False
    keyed: bool = False
    read_only: bool = False
    deprecated: bool = False
    long: bool = False
    typed_name: str = ""
    step: float = 1
    most: int | None = None
    reason: str = ""
    placeholder: str = ""
    suggestion: Any = ABSENT
    section: str = ""
    because: str = ""
    note: str = ""
    growable: bool = False
    silent: bool = False
    unnamed: bool = False
    key_options: list[str] = field(default_factory=list)
    names_listed: bool = False
    page: tuple[int, int] | None = None
    language: str = ""
    format: str = ""
    longest: int | None = None
    first: tuple[str, ...] = ()
    held: str = ""
    is_hidden: bool = False

    @property
    def is_container(self) -> bool:
        return self.kind in CONTAINERS

    @property
    def key(self) -> tuple[Path, bool]:
        """What tells rows apart: a union and its scalar branch share a path."""
        return self.path, self.kind == "union"


@dataclass(frozen=True, slots=True)
class Child:
    """One place inside a container, with the schema that holds there."""

    key: str | int
    schema: Any
    required: bool = False
    keyed: bool = False
    removable: bool = False
    cover: str = ""
    """The name that says what an item or free entry is: that of the list or map it stands in."""
    section: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Looks:
    """What a row shows and its schema does not say: the parts that the view holds."""

    depth: int = 0
    is_open: bool = False
    chosen: int | None = None
    blank: bool = False
    text: str | None = None
    typed_name: str | None = None
    long: bool = False
    suggestion: Any = ABSENT
    note: str = ""
    growable: bool = False
    silent: bool = False
    unnamed: bool = False
    page: tuple[int, int] | None = None
    first: tuple[str, ...] = ()


def make_row(child: Child, path: Path, value: Any, node: Node, looks: Looks) -> Row:
    """The row of `value` at `path`, drawn by `node`."""
    schema = node.schema
    kind, reason = shown_kind(node, value, child.required, looks.long)
    name = str(child.key)
    blank_text = value is ABSENT or value is None or looks.blank or kind in CONTAINERS
    text, held = _text(kind, "" if blank_text else value, looks.text)
    step, most, longest = schema.get("multipleOf"), schema.get("maxItems"), schema.get("maxLength")
    options = node.options
    constant = schema.get("const", options[0][1] if kind == "const" and options else ABSENT)
    return Row(
        path=path,
        kind=kind,
        label=_label(child, schema, path, name),
        name=name,
        help=_help(schema),
        constraint=_constraint(schema, kind, node),
        state="absent" if looks.blank else state(value),
        required=child.required,
        value=ABSENT if looks.blank else value,
        text=text,
        default=schema.get("default", ABSENT),
        constant=constant,
        depth=looks.depth,
        options=options,
        option_help=node.option_help,
        proposals=node.proposals if kind != "secret" else [],
        branches=[branch.label for branch in node.branches] if kind == "union" else [],
        chosen=looks.chosen,
        types=node.types,
        is_open=looks.is_open and kind in CONTAINERS,
        nullable=node.nullable,
        removable=child.removable,
        keyed=child.keyed,
        read_only=schema.get("readOnly") is True,
        deprecated=fields.is_deprecated(schema),
        long=kind in ("multiline", "raw") or looks.long or "\n" in text,
        typed_name=looks.typed_name if looks.typed_name is not None else "" if looks.unnamed else name,
        step=step if isinstance(step, int | float) and not isinstance(step, bool) and step > 0 else 1,
        most=most if isinstance(most, int) and not isinstance(most, bool) else None,
        reason=reason,
        placeholder=_first_text(schema, "x-placeholder", "ui:placeholder", "placeholder"),
        suggestion=looks.suggestion,
        section=child.section,
        because=child.because,
        note=looks.note,
        growable=looks.growable,
        silent=looks.silent,
        unnamed=looks.unnamed,
        key_options=_key_options(schema, value) if kind in ("map", "object") else [],
        names_listed=bool(_listed_names(schema)),
        page=looks.page,
        language=_language(schema),
        format=_first_text(schema, "format"),
        longest=longest if isinstance(longest, int) and not isinstance(longest, bool) else None,
        first=looks.first,
        held=held,
        is_hidden=kind == "secret" or node.is_secret,
    )


def _text(kind: str, value: Any, typed: str | None) -> tuple[str, str]:
    """(what stands in the row's editor, how long that is where no editor of a row holds it)."""
    if kind == "secret" and isinstance(value, dict | list):
        return "", f"{'list' if isinstance(value, list) else 'object'} of {len(value):,}"
    if typed is None and not (isinstance(value, str | list | dict) and strict_json.weight(value, LONGEST) > LONGEST):
        text = "" if value == "" else fields.show(kind, value)
        return text, ""
    given = value if typed is None else typed
    if isinstance(given, str):
        return (given[:LONGEST], f"{len(given):,} characters") if len(given) > LONGEST else (given, "")
    return strict_json.head(given, LONGEST), f"{len(given):,} {'items' if isinstance(given, list) else 'entries'}"


def shown_kind(node: Node, value: Any, required: bool, long: bool) -> tuple[str, str]:
    """The kind that draws this very value, and why where that is raw JSON."""
    kind, reason = node.kind, node.reason
    if kind == "choice" and required and len(node.options) == 1:
        return "const", reason
    if kind in CONTAINERS and not _holds(kind, value):
        if not node.is_typed:
            return "any", ""
        return "raw", f"this is no {fields.NAMES['array' if kind in ('array', 'tuple') else 'object']}"
    if kind == "choices" and not _holds("array", value):
        return ("raw", "this is no list") if node.is_typed else ("any", "")
    if kind in TEXTS and isinstance(value, str) and kind != "secret":
        if fields.hides(value):
            return "raw", "holds characters that do not show; edit it as JSON text"
        if kind == "text" and (long or "\n" in value):
            return "multiline", reason
    return ("multiline" if kind == "text" and long else kind), reason


def _holds(kind: str, value: Any) -> bool:
    if value is ABSENT or value is None or kind == "union":
        return True
    return isinstance(value, list if kind in ("array", "tuple") else dict)


def _label(child: Child, schema: Mapping[str, Any], path: Path, name: str) -> str:
    title = schema.get("title", schema.get("ui:title"))
    titled = title if isinstance(title, str) and title else ""
    if not path:
        return titled or "Inputs"
    if isinstance(child.key, int):
        return titled if titled and not child.removable else str(child.key + 1)
    return name if child.keyed else titled or fields.humanise(name)


def _help(schema: Mapping[str, Any]) -> str:
    """What the line under the field says; the rest of what is said of it stands in its details."""
    told = (_first_text(schema, *fields.RETIRED_WORDS), _first_text(schema, *HELP_WORDS))
    return " · ".join(filter(None, told))


def _first_text(schema: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        if key in schema:
            given = schema[key]
            if isinstance(given, str) and given:
                return given
    return ""


def _language(schema: Mapping[str, Any]) -> str:
    """What a text is written in, by its media type or format: `json`, `yaml`, `base64`."""
    given = _first_text(schema, "contentMediaType", "contentEncoding", "x-language")
    if not given:
        form = _first_text(schema, "format")
        return form if form in _LANGUAGES else ""
    name = given.partition(";")[0].rpartition("/")[2].removeprefix("x-").rpartition("+")[2]
    return "" if name == "plain" else name


_LANGUAGES = frozenset({"sql", "json", "yaml", "markdown", "html", "code"})


def _key_options(schema: Mapping[str, Any], value: Any) -> list[str]:
    """The keys that may still be added, where propertyNames lists them."""
    used = value if isinstance(value, dict) else {}
    return [name for name in _listed_names(schema) if isinstance(name, str) and name not in used]


def _listed_names(schema: Mapping[str, Any]) -> list[Any]:
    names = schema.get("propertyNames")
    given = names.get("enum") if isinstance(names, Mapping) else None
    return given if isinstance(given, list) else []


def _constraint(schema: Mapping[str, Any], kind: str, node: Node) -> str:
    words = fields.constraint(schema, kind, node.types)
    if fields.is_deprecated(schema):
        words = f"{words} deprecated".strip()
    return f"{words} read only".strip() if schema.get("readOnly") is True else words
