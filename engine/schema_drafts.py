"""The drafts of JSON Schema as validators: hardened keywords, every format, nothing fetched (forms.md section 0).

Imported when the first schema is compiled, since it imports jsonschema.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import regex
from jsonschema import FormatChecker, validators
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import specification_with

from engine.schema_keywords import HARDENED, REFERENCES, compiled, or_null
from engine.schema_watch import timed, watched

DRAFTS: dict[str, Any] = {
    "2020-12": validators.Draft202012Validator,
    "2019-09": validators.Draft201909Validator,
    "draft-07": validators.Draft7Validator,
    "draft-06": validators.Draft6Validator,
    "draft-04": validators.Draft4Validator,
}


@lru_cache(maxsize=1)
def formats() -> FormatChecker:
    """Every format that the installed packages can read."""
    checker = FormatChecker(())
    checker.checkers = {
        **FormatChecker.checkers,  # here `time` is the one of draft 3, without an offset
        **validators.Draft202012Validator.FORMAT_CHECKER.checkers,
        **_patterns_only().checkers,
    }

    is_reference = checker.checkers["uri-reference"][0]

    def is_address(value: object) -> bool:
        """One without a scheme is let pass, as people write `example.org`; the form says so (forms.md 1.2)."""
        return value != "" and bool(is_reference(value))

    def is_email(value: object) -> bool:
        return not isinstance(value, str) or re.fullmatch(r"[^\s@](?:[^\n]*[^\s])?@[^\s@]+", value) is not None

    checker.checks("uri", raises=ValueError)(is_address)
    checker.checks("email")(is_email)
    checker.checks("idn-email")(is_email)
    return checker


def _patterns_only() -> FormatChecker:
    """For schemas themselves: a pattern must be one, but `$ref: "#/$defs/My Type"` is let pass."""
    checker = FormatChecker(())

    def is_regex(value: object) -> bool:
        return not isinstance(value, str) or compiled(value) is not None

    checker.checks("regex", raises=regex.error)(is_regex)
    return checker


def specification(draft: str) -> Any:
    """How `referencing` reads ids and sub-schemas of the draft."""
    return specification_with(DRAFTS[draft].META_SCHEMA.get("$schema", ""))


@lru_cache(maxsize=1)
def known_documents() -> Any:
    """What a `$ref` may name beside the schema itself: the drafts' own schemas. Nothing is ever retrieved.

    Without their `$schema`, or the plain library's classes would take over inside them.
    """
    registry: Any = Registry()
    for uri, resource in REGISTRY.items():
        own = specification_with(resource.contents.get("$schema", ""))
        bare = {key: value for key, value in resource.contents.items() if key != "$schema"}
        registry = registry.with_resource(uri, own.create_resource(bare))
    return registry.crawl()


def validator(schema: Any, draft: str, nullable: bool) -> Any:
    """The hardened validator of a schema that holds no `$schema` and no lost reference."""
    return validator_class(draft, nullable)(schema, registry=known_documents(), format_checker=formats())


@lru_cache(maxsize=8)
def schema_validator(draft: str) -> Any:
    """What checks schemas of this draft."""
    own = validator_class(draft)
    meta = {key: value for key, value in own.META_SCHEMA.items() if key != "$schema"}
    return own(meta, registry=known_documents(), format_checker=_patterns_only())


@lru_cache(maxsize=16)
def validator_class(draft: str, nullable: bool = False) -> Any:
    """The hardened validator class of a draft; `nullable` makes the one that heeds that word."""
    base = DRAFTS[draft]
    checks = {name: check for name, check in HARDENED.items() if name in base.VALIDATORS or name == "dependencies"}
    checks |= {name: watched(base.VALIDATORS[name]) for name in REFERENCES if name in base.VALIDATORS}
    if nullable:
        checks = {name: or_null(check) for name, check in (base.VALIDATORS | checks).items()}
    types = base.TYPE_CHECKER if draft != "draft-04" else validators.Draft6Validator.TYPE_CHECKER  # 1.0 is an integer
    types = types.redefine("array", lambda _checker, value: isinstance(value, (list, tuple)))
    extend: Any = validators.extend
    made = extend(base, checks, type_checker=types)
    made.descend = timed(made.descend)
    return made
