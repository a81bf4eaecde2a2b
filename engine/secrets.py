"""Which inputs are secrets, and how they are hidden (behaviour.md 8.6, forms.md 5.2 rule 13). No jsonschema in it.

A secret is known by a marker (`writeOnly`, `format: password`, `x-secret`) or by its name. Where in doubt `mask` hides
more rather than less: a name also covers what lies inside its value and is not declared by a name of its own.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import quote, quote_plus

from engine.schema_nodes import CONDITIONAL, Local, Node, Path, elements, members

MASK = "•••"
"""What stands where a secret was."""

SHORTEST = 4
"""Characters of a secret below which its copies in other texts are let be."""

SHORTEST_LINE = 8
"""The same for one line of a secret of several."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_ALONE = frozenset(
    {"password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "credentials", "authorization"}
)
_PAIRS = frozenset({("api", "key"), ("private", "key"), ("auth", "token")})
_MANY = frozenset({"passwords", "passphrases", "secrets", "tokens", "apikeys", "cookies"})
_MANY_PAIRS = frozenset({("api", "keys"), ("private", "keys")})
_WHOLE = frozenset({("cookie",), ("set", "cookie")})
"""Names that are secrets as they stand, those of headers; `cookie_name` is none."""
_COUNT_FIRST = frozenset({"max", "min", "num", "total"})
_COUNT_LAST = frozenset({"count", "limit", "length", "len", "size", "budget"})
_POINTER_LAST = frozenset({"id", "path"})
_HINTS = ("passw", "passphrase", "cookie", "secret", "token", "key", "credential", "authorization")
"""One of them stands in every name of a secret; found, it says nothing yet."""
_FLAGS = ("writeOnly", "x-secret", "x-sensitive")
_WIDGETS = ("format", "ui:widget")
_MARKS = tuple(f'"{word}"' for word in (*_FLAGS, "password"))
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|keyring:\S+")


@lru_cache(maxsize=4096)
def _secret_name(name: str) -> Literal["", "one", "many"]:
    """What the name says: nothing, a secret, or several. A number under a plural (`tokens: 512`) is a count."""
    if not may_name(name):
        return ""
    words = tuple(word.lower() for word in _WORD.findall(name))
    if not words or words[-1] in _POINTER_LAST or words[0] in _COUNT_FIRST or words[-1] in _COUNT_LAST:
        return ""
    pairs = set(pairwise(words))
    if not _ALONE.isdisjoint(words) or not _PAIRS.isdisjoint(pairs) or words in _WHOLE:
        return "one"
    return "many" if not _MANY.isdisjoint(words) or not _MANY_PAIRS.isdisjoint(pairs) else ""


def _hides(name: str, value: Any) -> bool:
    """Whether a value is secret by the name that covers it; yes and no never are."""
    said = _secret_name(name)
    return isinstance(value, str) if said == "many" else bool(said) and not isinstance(value, bool)


def _marked(node: Node) -> bool:
    return any(node.get(flag) is True for flag in _FLAGS) or any(node.get(word) == "password" for word in _WIDGETS)


def _takes_text(nodes: Sequence[Node]) -> bool:
    """Whether text may stand here: rule 13 is about strings, so `max_token: integer` is none whatever its name."""
    types: set[Any] = set()
    for node in nodes:
        given = node.get("type")
        types.update(t for t in (given if isinstance(given, list) else [given]) if isinstance(t, str))
    return not types or "string" in types


def is_secret(name: str, schema: Any) -> bool:
    """Whether the input `name` with this schema is a secret (forms.md 5.2 rule 13).

    By marker: `writeOnly`, `format` or `ui:widget` password, `x-secret`, `x-sensitive`. By name, where the schema takes
    text or says nothing: a whole word of it (split at `_`, `-` and camelCase) is password, passwd, passphrase, secret,
    token, apikey, api+key, private+key, credential, or the plural of one (the texts of a list too), or authorization,
    or all of it is cookie or set-cookie. Counts (`max_tokens`) and what ends in `id` or `path` are none.
    """
    nodes = Local(schema).same_value([schema], ("anyOf", "oneOf"))
    return any(_marked(node) for node in nodes) or (bool(_secret_name(str(name))) and _takes_text(nodes))


def may_mark(schema: Any) -> bool:
    """False where nothing in `schema` can mark a secret; names of inputs may all the same."""
    text = json.dumps(schema, default=dict)
    return any(mark in text for mark in _MARKS)


def may_name(text: str) -> bool:
    """False where no name in a value can be that of a secret; `text` is the value as JSON. Far cheaper than `mask`."""
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)  # a pattern takes ten times as long


def may_refer(text: str) -> bool:
    """False where there is no `env:` or `keyring:` reference in a value, given as JSON."""
    return '"env:' in text or '"keyring:' in text


def may_be_masked(text: str) -> bool:
    """False where no mask stands in a value, given as JSON."""
    return MASK in text or "\\u2022" in text


def mask(schema: Any, value: Any) -> Any:
    """`value` with every secret in it replaced by `MASK`; the same object where there is none to replace.

    References (`env:NAME`, `keyring:NAME`), None and "" stay as they are, and so does the caller's value: what changes
    is a copy. Lists and objects keep their shape, their leaves are masked one by one.
    """
    if not value:
        return value
    hidden = _secret_paths(schema, value)
    return replaced(value, dict.fromkeys(hidden, MASK)) if hidden else value


def resolve(schema: Any, value: Any) -> tuple[Any, list[tuple[Path, str]]]:
    """`value` with the references among its secrets looked up, and where which stood (8.6).

    `env:NAME` is a variable of this process, `keyring:NAME` a password that the system's keyring has for "taskdeck"
    under that name (needs the package keyring). Raises `LookupError` in words for what is not there.
    """
    found = _secret_paths(schema, value, references=True) if value else []
    if not found:
        return value, []
    references = []
    real: dict[Path, Any] = {}
    for path in found:
        reference: Any = value
        for step in path:
            reference = reference[step]
        references.append((path, str(reference)))
        real[path] = look_up(str(reference))
    return replaced(value, real), references


def restore(masked: Any, references: Sequence[tuple[Path, str]]) -> Any:
    """`masked` with the references where they stood: they are no secrets and may be stored.

    What is not masked there any more stays as it is: a hook may have taken it away (6.1).
    """
    left = {path: reference for path, reference in references if at(masked, path) == MASK}
    return replaced(masked, left) if left else masked


def at(value: Any, path: Path) -> Any:
    """What stands at `path`, None where nothing does."""
    try:
        for step in path:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def is_there(value: Any, path: Path) -> bool:
    """Whether `value` has something at `path`: a hook may have taken it away (6.1)."""
    return at(value, path) is not None


def look_up(reference: str) -> str:
    """What `env:NAME` or `keyring:NAME` stands for. Raises `LookupError` in words for what is not there."""
    kind, _, name = reference.partition(":")
    found: str | None
    if kind == "env":
        found = os.environ.get(name)
        if found is None:
            raise LookupError(f"the environment has no variable {name}")
        return found
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise LookupError(f"{reference} needs the Python package keyring, which is not installed") from None
    try:
        found = keyring.get_password("taskdeck", name)
    except Exception as error:  # a locked or missing keyring
        raise LookupError(f"the keyring cannot be read for {name}: {error}") from None
    if found is None:
        raise LookupError(f"the keyring has no password for taskdeck / {name}")
    return found


def _secret_paths(schema: Any, value: Any, *, references: bool = False) -> list[Path]:
    """The paths of all values to hide, or of the `references` that stand in such places.

    Own stack, so depth is no limit; a container met inside itself is left.
    """
    local = Local(schema)
    hidden: list[Path] = []
    # path, value, schemas, the name that covers it, whether a marker above covers it, the containers around it
    stack: list[tuple[Path, Any, list[Any], str, bool, frozenset[int]]] = [
        ((), value, [schema], "", False, frozenset())
    ]
    while stack:
        path, item, schemas, name, marked, around = stack.pop()
        if item is None or item == "":
            continue
        nodes = local.same_value(schemas, CONDITIONAL)
        marked = marked or any(_marked(node) for node in nodes)
        if isinstance(item, (dict, list, tuple)):
            if id(item) in around:
                continue
            inside = around | {id(item)}
            if isinstance(item, dict):
                for key, inner in item.items():
                    found, declared = members(nodes, key)
                    covering = str(key) if declared or not _secret_name(name) else name
                    if not (found or marked or isinstance(inner, (dict, list, tuple)) or _secret_name(covering)):
                        continue  # the usual leaf: nothing speaks of it
                    stack.append(((*path, key), inner, found, covering, marked, inside))
            else:
                first, rest, is_silent = _items(local, nodes)
                is_silent = is_silent and not marked and not _secret_name(name)
                for i, inner in enumerate(item):
                    if is_silent and i >= first and not isinstance(inner, (dict, list, tuple)):
                        continue  # one of many that nothing speaks of
                    found = rest if i >= first else elements(nodes, i)
                    stack.append(((*path, i), inner, found, name, marked, inside))
        elif (item == MASK) or (isinstance(item, str) and bool(_REFERENCE.fullmatch(item))) is not references:
            continue
        elif marked or (_hides(name, item) and _takes_text(nodes)):
            hidden.append(path)
    return hidden


def _items(local: Local, nodes: Sequence[Any]) -> tuple[int, list[Any], bool]:
    """(how many items of a list have schemas of their own, the schemas of all further ones, that these mark nothing)"""
    lists = [node.get(key) for node in nodes for key in ("prefixItems", "items")]
    first = max((len(each) for each in lists if isinstance(each, list)), default=0)
    rest = elements(nodes, first)
    return first, rest, not any(_marked(node) for node in local.same_value(rest, CONDITIONAL))


def replaced(value: Any, instead: Mapping[Path, Any]) -> Any:
    """A copy of `value` along the paths of `instead`, with what that has at their ends."""
    holder = [value]
    fresh: dict[Path, Any] = {(): holder}
    for path, other in instead.items():
        whole: Path = (0, *path)
        for depth in range(1, len(whole)):
            place = whole[:depth]
            if place not in fresh:
                outer, step = fresh[place[:-1]], place[-1]
                old = outer[step]
                fresh[place] = outer[step] = dict(old) if isinstance(old, dict) else list(old)
        fresh[whole[:-1]][whole[-1]] = other
    return holder[0]


def hidden_texts(given: Any, masked: Any) -> tuple[str, ...]:
    """The texts that `mask` took out of `given` to make `masked`, each in all ways it may be written, longest first.

    Only what is long enough not to stand in other words by chance: these are replaced in logs, errors and results.
    Of a text of several lines (a key) each line by itself too, as that is how it is printed.
    """
    if given is masked:
        return ()
    found: set[str] = set()
    stack = [(given, masked)]
    while stack:
        before, after = stack.pop()
        if after == MASK and before != MASK:
            found.add(str(before))
        elif isinstance(before, dict) and isinstance(after, dict) and before is not after:
            stack.extend((before[key], after[key]) for key in before)
        elif isinstance(before, (list, tuple)) and before is not after:
            stack.extend(zip(before, after, strict=True))
    found |= {line.strip() for text in found for line in text.splitlines() if len(line.strip()) >= SHORTEST_LINE}
    texts = {written for text in found if len(text) >= SHORTEST for written in _written(text)}
    return tuple(sorted(texts, key=len, reverse=True))


def _written(text: str) -> set[str]:
    """A text as it is, and as JSON, Python and URLs write it."""
    quoted = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}
    url = {quote(text, errors="replace"), quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")}
    return {text} | quoted | url


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with each of `secrets` masked."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
