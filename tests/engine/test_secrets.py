"""Which inputs are secrets and that they are hidden: forms.md 5.2 rule 13, behaviour.md 8.6."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from engine.schema import MASK, is_secret, mask
from engine.secrets import hidden_texts

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    "name",
    [
        *("password", "db_password", "dbPassword", "PASSWORD", "ssh-passwd", "client_secret", "token", "authToken"),
        *(
            "api_key",
            "apiKey",
            "APIKey",
            "X-API-Key",
            "apikey",
            "privateKey",
            "private-key",
            "credential",
            "credentials",
        ),
        *("private_key_pem", "auth_token", "token2", "ssh_passphrase", "Authorization", "Proxy-Authorization"),
        *("tokens", "accessTokens", "secrets", "db_passwords", "api_keys", "apiKeys", "private-keys", "auth_tokens"),
        *("cookie", "Cookie", "Set-Cookie", "cookies"),
    ],
)
def test_secret_by_name(name: str) -> None:
    assert is_secret(name, TEXT)
    assert is_secret(name, {})
    assert is_secret(name, True)


@pytest.mark.parametrize(
    "name",
    [
        *("author", "compass", "bypass", "tokenizer", "secretary", "key", "keyword", "api", "passwordless", "monkey"),
        *("max_tokens", "max_token", "maxToken", "token_count", "min_password_length", "token_limit"),
        *("secret_id", "secretId", "token_path", "private_key_path", "credentials-path", ""),
        *("cookie_name", "cookieconsent", "secrets_path", "tokens_count", "num_tokens", "keys", "keys_api"),
    ],
)
def test_no_secret_by_name(name: str) -> None:
    assert not is_secret(name, TEXT)


def test_the_rule_is_about_text() -> None:
    assert not is_secret("token", {"type": "integer"})
    assert not is_secret("use_token", {"type": "boolean"})
    assert not is_secret("credentials", {"type": "object"})
    assert is_secret("token", {"type": ["string", "null"]})
    assert is_secret("token", {"anyOf": [{"type": "string"}, {"type": "null"}]})


@pytest.mark.parametrize(
    "marker",
    [{"writeOnly": True}, {"format": "password"}, {"x-secret": True}, {"x-sensitive": True}, {"ui:widget": "password"}],
)
def test_secret_by_marker(marker: dict[str, Any]) -> None:
    assert is_secret("note", marker)
    assert is_secret("pin", {"type": "integer", **marker})
    assert is_secret("max_tokens", {"anyOf": [marker, {"type": "null"}]})
    assert not is_secret("note", {"writeOnly": False, "format": "email", "x-secret": False})


def masked(schema: Any, value: Any) -> Any:
    before = copy.deepcopy(value)
    result = mask(schema, value)
    assert value == before
    return result


def test_names_are_hidden_at_any_depth_whatever_the_schema_says() -> None:
    value = {"password": "p", "a": {"api_key": "k", "user": "u"}, "l": [{"authToken": "t"}, 1], "max_tokens": 5}
    expected = {"password": MASK, "a": {"api_key": MASK, "user": "u"}, "l": [{"authToken": MASK}, 1], "max_tokens": 5}
    for schema in ({}, True, {"properties": {"a": {"type": "object"}}}):
        assert masked(schema, value) == expected


def test_nothing_to_hide_gives_the_same_object() -> None:
    for value in ({"a": [1, {"b": None}]}, {"password": ""}, {"token": None}, {"token": "env:TOKEN"}, "x", None, 3):
        assert mask({"type": "object"}, value) is value
    hidden = mask({}, {"token": "x"})
    assert mask({}, hidden) is hidden


def test_references_stay_and_what_only_looks_like_one_does_not() -> None:
    value = {
        "a": {"token": "env:MY_TOKEN"},
        "b": {"token": "keyring:svc/me"},
        "c": {"token": "env:not one"},
        "d": {"token": "x"},
    }
    shown = masked({}, value)
    assert [part["token"] for part in shown.values()] == ["env:MY_TOKEN", "keyring:svc/me", MASK, MASK]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"properties": {"pin": {"writeOnly": True}}}, {"pin": 1234, "n": 1}, {"pin": MASK, "n": 1}),
        ({"properties": {"l": {"items": {"format": "password"}}}}, {"l": ["a", ""]}, {"l": [MASK, ""]}),
        ({"prefixItems": [{}, {"x-secret": True}]}, ["a", "b", "c"], ["a", MASK, "c"]),
        ({"additionalProperties": {"writeOnly": True}}, {"A": "x"}, {"A": MASK}),
        ({"patternProperties": {"^s": {"writeOnly": True}}}, {"s1": "x"}, {"s1": MASK}),
        (
            {"$defs": {"s": {"format": "password"}}, "properties": {"a": {"$ref": "#/$defs/s"}}},
            {"a": "x", "b": "y"},
            {"a": MASK, "b": "y"},
        ),
        (
            {"$defs": {"s": {"$anchor": "s", "writeOnly": True}}, "properties": {"a": {"$ref": "#s"}}},
            {"a": "x"},
            {"a": MASK},
        ),
        ({"allOf": [{"properties": {"a": {"x-secret": True}}}]}, {"a": "x"}, {"a": MASK}),
        ({"oneOf": [{"properties": {"a": {"x-secret": True}}}, {}]}, {"a": "x"}, {"a": MASK}),
        ({"properties": {"a": {"anyOf": [{"format": "password"}, {"type": "null"}]}}}, {"a": "x"}, {"a": MASK}),
        ({"if": {}, "then": {"properties": {"a": {"x-secret": True}}}}, {"a": "x"}, {"a": MASK}),
        (
            {"properties": {"o": {"writeOnly": True}}},
            {"o": {"u": "x", "on": True, "l": [1]}},
            {"o": {"u": MASK, "on": MASK, "l": [MASK]}},
        ),
        ({"format": "password"}, "x", MASK),
    ],
)
def test_markers_are_found_through_the_schema(schema: Any, value: Any, expected: Any) -> None:
    assert masked(schema, value) == expected


def test_a_secret_name_covers_what_is_inside_unless_it_is_declared() -> None:
    assert masked({}, {"credentials": {"user": "u", "l": ["x", None]}}) == {
        "credentials": {"user": MASK, "l": [MASK, None]}
    }
    schema = {"properties": {"credentials": {"type": "object", "properties": {"user": TEXT, "password": TEXT}}}}
    value = {"credentials": {"user": "u", "password": "p", "more": "m"}}
    assert masked(schema, value) == {"credentials": {"user": "u", "password": MASK, "more": MASK}}


def test_what_the_schema_calls_a_number_or_a_switch_is_shown() -> None:
    schema = {"properties": {"token": {"type": "integer"}, "use_token": {"type": "boolean"}}}
    value = {"token": 512, "use_token": True}
    assert mask(schema, value) is value


def test_a_plural_covers_texts_and_lists_of_them_but_no_counts() -> None:
    value = {
        "tokens": ["a", "b"],
        "api_keys": {"x": "k"},
        "secrets": "s",
        "usage": {"tokens": 512, "cached_tokens": 0.5},
    }
    assert masked({}, value) == {
        "tokens": [MASK, MASK],
        "api_keys": {"x": MASK},
        "secrets": MASK,
        "usage": {"tokens": 512, "cached_tokens": 0.5},
    }
    schema = {"properties": {"tokens": {"type": "array", "items": TEXT}, "secrets": {"type": "array", "items": TEXT}}}
    assert masked(schema, {"tokens": ["a", ""], "secrets": ["env:A", "b"]}) == {
        "tokens": [MASK, ""],
        "secrets": ["env:A", MASK],
    }


def test_the_headers_that_let_one_in_are_hidden_in_a_map() -> None:
    names = (
        "Authorization",
        "authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "X-Auth-Token",
    )
    given = {"headers": {**dict.fromkeys(names, "Basic abc"), "Accept": "text/html"}}
    shown = masked({"properties": {"headers": {"type": "object", "additionalProperties": TEXT}}}, given)
    assert shown == {"headers": {**dict.fromkeys(names, MASK), "Accept": "text/html"}}


def test_only_the_way_to_a_secret_is_copied() -> None:
    value = {"other": {"a": [1]}, "s": {"token": "x"}}
    shown = mask({}, value)
    assert shown["other"] is value["other"]
    assert shown["s"] is not value["s"]


def test_deep_and_self_containing_values_end() -> None:
    deep: Any = {"token": "x"}
    for _ in range(3000):
        deep = [deep]
    shown = mask({}, deep)
    for _ in range(3000):
        shown = shown[0]
    assert shown == {"token": MASK}
    loop: dict[str, Any] = {"token": "x"}
    loop["self"] = loop
    assert mask({"$ref": "#"}, loop)["token"] == MASK


@pytest.mark.parametrize(
    "write",
    [str, json.dumps, lambda text: json.dumps(text, ensure_ascii=False), repr, quote, quote_plus,
     lambda text: quote(text, safe="")],
)  # fmt: skip
def test_a_secret_is_known_however_it_is_written(write: Callable[[str], str]) -> None:
    given = {"password": 'pä"ß w/o\\rd\n4711'}
    written = write(given["password"])
    for text in hidden_texts(given, mask({}, given)):
        written = written.replace(text, MASK)
    assert written.strip("\"'") == MASK
