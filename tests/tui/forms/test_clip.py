"""What a person copied becomes inputs: JSON, YAML, K=V lines, .env, headers, curl; nothing is dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.schema import MASK
from executors.http_request import HttpRequest
from tui.forms.clip import LARGEST, Clip, read
from tui.forms.instance import ABSENT
from tui.forms.model import Form

HTTP: dict[str, Any] = HttpRequest.inputs_schema
PLAIN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "host": {"type": "string"},
        "port": {"type": "integer"},
        "ratio": {"type": "number"},
        "debug": {"type": "boolean"},
        "level": {"enum": ["low", "High", 3]},
        "apiKey": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "db": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "integer"}}},
        "note": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "additionalProperties": False,
}


def unfit(clip: Clip) -> dict[str, str]:
    return {note.what: note.why for note in clip.unfit}


def notes(clip: Clip) -> dict[str, str]:
    return {note.what: note.why for note in clip.notes}


# --- JSON --------------------------------------------------------------------------------------------------------


def test_json_is_taken_and_scalars_become_the_schemas_types_where_nothing_is_lost() -> None:
    given = {"port": "8080", "debug": "yes", "host": 5, "level": "high", "note": "12", "db": {"port": "1"}}
    clip = read(json.dumps(given), PLAIN)
    assert clip.kind == "JSON" and not clip.unfit and not clip.notes
    assert clip.patch == {"port": 8080, "debug": True, "host": "5", "level": "High", "note": "12", "db": {"port": 1}}


def test_json_that_does_not_fit_is_named_and_its_values_stay() -> None:
    clip = read('{"port": "80x", "prot": 1, "host": "a"}', PLAIN)
    assert clip.patch == {"port": "80x", "host": "a"}, "the form shows what is wrong with it, nothing typed is lost"
    assert "port" in notes(clip) and "prot" in unfit(clip)
    assert "not an input" in unfit(clip)["prot"]


def test_unknown_names_are_taken_where_the_schema_takes_them() -> None:
    assert read('{"anything": 1}', {"type": "object"}).patch == {"anything": 1}
    assert read("ANYTHING=1", {"type": "object"}).patch == {"ANYTHING": "1"}


def test_an_exported_task_gives_its_inputs() -> None:
    clip = read('{"executor": "x", "inputs": {"host": "a"}}', PLAIN)
    assert clip.patch == {"host": "a"} and "executor" in notes(clip)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": "\\ud800"}', "half a character"),
        ('{"a": ', "JSON: line 1"),
        ("[1, 2]", "a list"),
        ("just words", "it is no JSON"),
        ("", "nothing in it"),
        ("a\ud800: 1", "half a character"),
    ],
)
def test_what_cannot_be_read_says_so(text: str, says: str) -> None:
    clip = read(text, PLAIN)
    assert says in clip.problem and not clip.patch


# --- YAML --------------------------------------------------------------------------------------------------------


def test_yaml_is_read_as_its_core_schema_says() -> None:
    text = "host: no\nport: 0x10\nnote: 2026-03-04\ndb:\n  name: '12'\ntags:\n- a\n- 12:30\ndebug: true\nratio: 1e3\n"
    clip = read(text, PLAIN)
    assert clip.kind == "YAML" and not clip.problem
    assert clip.patch == {
        "host": "no",
        "port": 16,
        "note": "2026-03-04",
        "db": {"name": "12"},
        "tags": ["a", "12:30"],
        "debug": True,
        "ratio": 1000,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x 1\nb: *x", "anchors and aliases"),
        ("a: !!python/object:os.system x", "tags"),
        ("host: 1\nhost: 2", "stands twice"),
        ("host: .nan", "no number"),
        ("? [a]\n: 1", "it is no JSON"),
        ("host: 1\n? [a]\n: 1", "a key must be text"),
        ("---\nhost: 1\n---\nhost: 2", "second document"),
        ("host: 'a", "YAML: line"),
        ("a: " + "[" * 300, "nested deeper"),
    ],
)
def test_yaml_that_is_no_plain_data_is_refused_with_its_place(text: str, says: str) -> None:
    clip = read(text, PLAIN)
    assert says in clip.problem and not clip.patch


# --- K=V lines and .env ------------------------------------------------------------------------------------------


def test_env_files_with_quotes_comments_and_export() -> None:
    text = """# the service
export HOST="db.example # not a comment"
PORT=8080   # a comment
DEBUG='yes'
API_KEY=k=v
NOTE="two
lines"
TAGS=a,b
DB.NAME=main
env.PATH=/bin
"""
    clip = read(text, PLAIN)
    assert clip.kind == ".env" and not clip.unfit
    assert clip.patch == {
        "host": "db.example # not a comment",
        "port": 8080,
        "debug": True,
        "apiKey": "k=v",
        "note": "two\nlines",
        "tags": ["a", "b"],
        "db": {"name": "main"},
        "env": {"PATH": "/bin"},
    }


def test_lines_that_do_not_fit_are_named_without_their_values() -> None:
    clip = read("PORT=abc\nLEVEL=none\nSECRET_THING=s3cret\nwhat is this\nHOST=a\nHOST=b", PLAIN)
    assert clip.patch == {"host": "b"} and "more than once" in notes(clip)["HOST"]
    assert set(unfit(clip)) == {"PORT", "LEVEL", "SECRET_THING", "what is this"}
    assert "s3cret" not in str(clip.unfit), "it may be a secret"


# --- headers -----------------------------------------------------------------------------------------------------


def test_header_lines_go_to_the_headers_of_an_http_executor() -> None:
    clip = read("Accept: text/html\nAuthorization: Bearer abc\nCookie: a=1\nX-A: 1\nX-A: 2\n", HTTP)
    assert clip.kind == "HTTP headers" and not clip.unfit
    assert clip.patch == {
        "headers": {"Accept": "text/html", "X-A": "1, 2", "Cookie": "a=1"},
        "bearer_token": "abc",
    }
    assert "one header" in notes(clip)["X-A"]


def test_lines_that_name_inputs_are_yaml_even_there() -> None:
    assert read("url: https://a.b\nmethod: post", HTTP).patch == {"url": "https://a.b", "method": "POST"}


# --- curl --------------------------------------------------------------------------------------------------------

BASH = r"""curl 'https://api.example.com/v1/items?x=1' \
  -X PUT \
  -H 'accept: application/json' \
  -H "content-type: application/json" \
  -b 'sid=1; y=2' \
  --data-raw $'{"it\'s":"caf\u00e9 \ud83d\ude00"}' \
  --compressed -sSL -m 10 -k
"""
CMD = """curl ^"https://api.example.com/v1?a=1^&b=2^" ^
  -H ^"accept: */*^" ^
  --data-raw ^"^{^\\^"a^\\^":1^}^"
"""


def test_a_command_as_browsers_copy_it() -> None:
    clip = read(BASH, HTTP)
    assert clip.kind == "curl" and not clip.unfit and not clip.problem
    assert clip.patch == {
        "url": "https://api.example.com/v1/items?x=1",
        "method": "PUT",
        "json": {"it's": "café 😀"},
        "headers": {"accept": "application/json", "Cookie": "sid=1; y=2"},
        "verify_tls": False,
        "follow_redirects": True,
        "timeout": 10,
    }
    assert "--compressed -s -S" in notes(clip)
    assert Form(HTTP, clip.applied({})).problems == []


def test_a_command_as_browsers_copy_it_on_windows() -> None:
    clip = read(CMD.replace("\n", "\r\n"), HTTP)
    assert clip.patch["url"] == "https://api.example.com/v1?a=1&b=2"
    assert clip.patch["body"] == '{"a":1}'
    assert clip.patch["headers"] == {"accept": "*/*", "Content-Type": "application/x-www-form-urlencoded"}


def test_the_method_is_the_one_that_curl_would_use() -> None:
    for command, method in (
        ("curl x.y", "GET"),
        ("curl -I x.y", "HEAD"),
        ("curl x.y -d a", "POST"),
        ("curl x.y -XDELETE -d a", "DELETE"),
        ("curl -G x.y -d a=1", "GET"),
        ("curl --json '{}' x.y", "POST"),
    ):
        assert read(command, HTTP).patch["method"] == method, command


def test_data_goes_to_the_query_with_get() -> None:
    clip = read("curl -G http://x.y/z -d a=1 --data-urlencode 'q=a b&c' -d c", HTTP)
    assert clip.patch["params"] == {"a": "1", "q": "a b&c", "c": ""} and "body" not in clip.patch


def test_parts_of_the_data_are_joined() -> None:
    clip = read("curl x.y -d a=1 -d 'b=2\n3' --data-binary 'c\nd'", HTTP)
    assert clip.patch["body"] == "a=1&b=23&c\nd"


def test_who_asks() -> None:
    basic = read("curl -u me:pw http://x.y", HTTP)
    assert basic.patch["headers"] == {"Authorization": "Basic bWU6cHc="}
    token = read('curl http://x.y -H "Authorization: Bearer $TOKEN"', HTTP)
    assert token.patch["bearer_token"] == "env:TOKEN" and "headers" not in token.patch
    assert "looked up" in notes(token)["$TOKEN"]
    quoted = read("curl http://x.y -H 'Authorization: Bearer ${TOKEN}'", HTTP)
    assert quoted.patch["bearer_token"] == "env:TOKEN"


def test_a_whole_command_empties_what_it_does_not_have() -> None:
    clip = read("curl http://x.y -d a", HTTP)
    former = {"url": "http://old", "json": {"a": 1}, "bearer_token": "t", "expected_status": [200]}
    assert clip.applied(former) == {
        "expected_status": [200],
        "url": "http://x.y",
        "method": "POST",
        "body": "a",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    }
    only_headers = read("-H 'A: b'", HTTP)
    assert only_headers.applied(former) == {**former, "headers": {"A": "b"}}


@pytest.mark.parametrize(
    ("command", "what", "why"),
    [
        ("curl x.y -d @file.json", "-d @file.json", "no file is read"),
        ("curl x.y -F file=@a.png", "-F file=@a.png", "no file is read"),
        ("curl x.y -F a=b", "-F a", "no input for a form"),
        ("curl x.y -b jar.txt", "-b jar.txt", "no file is read"),
        ("curl x.y -x http://p", "-x", "a proxy"),
        ("curl x.y --wat", "--wat", "no option that is known"),
        ("curl x.y z.w", "z.w", "only one address"),
        ("curl x.y | jq .", "| jq .", "only the curl command"),
        ("curl x.y -H nothing", "-H nothing", "is no header"),
        ("curl x.y -X BREW", "the method BREW", "none of its options"),
        ("curl x.y -m soon", "-m soon", "has no input"),
        ("curl x.y -H", "-H", "argument is missing"),
        ("curl x.y --http2", "--http2", "no place"),
    ],
)
def test_what_has_no_place_is_named(command: str, what: str, why: str) -> None:
    clip = read(command, HTTP)
    assert why in unfit(clip)[what] and clip.patch["url"] == "http://x.y"


@pytest.mark.parametrize(
    ("command", "says"),
    [("curl 'x.y", "quote is not closed"), ("curl -s", "no address"), ("curl x.y \\", "ends with a backslash")],
)
def test_a_command_that_is_cut_off_is_refused(command: str, says: str) -> None:
    clip = read(command, HTTP)
    assert says in clip.problem and not clip.patch


def test_an_executor_that_sends_no_request_says_so() -> None:
    assert "sends no HTTP request" in read("curl x.y", PLAIN).problem


OTHER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "endpoint": {"type": "string"},
        "verb": {"enum": ["get", "post"]},
        "request_headers": {
            "type": "array",
            "items": {"type": "object", "properties": {"key": {"type": "string"}, "value": {"type": "string"}}},
        },
        "payload": {"type": "object"},
        "query_string": {"type": "string"},
        "auth": {
            "oneOf": [
                {"title": "none", "type": "null"},
                {
                    "title": "basic",
                    "type": "object",
                    "properties": {
                        "type": {"const": "basic"},
                        "username": {"type": "string"},
                        "password": {"type": "string"},
                    },
                    "required": ["type", "username", "password"],
                },
            ]
        },
        "insecure": {"type": "boolean"},
        "cookies": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def test_an_http_like_schema_with_other_names_and_types() -> None:
    command = "curl -k -u me:pw http://x.y -H 'A: b' -b 'c=d' --json '{\"n\": 1.50}'"
    clip = read(command, OTHER)
    assert not clip.unfit
    assert clip.patch == {
        "endpoint": "http://x.y",
        "verb": "post",
        "request_headers": [{"key": "A", "value": "b"}],
        "payload": {"n": 1.5},
        "auth": {"type": "basic", "username": "me", "password": "pw"},
        "insecure": True,
        "cookies": {"c": "d"},
    }
    assert Form(OTHER, clip.applied({})).problems == []


# --- secrets, size, malice ---------------------------------------------------------------------------------------


def test_a_mask_keeps_the_secret_that_is_there() -> None:
    clip = read(json.dumps({"apiKey": MASK, "host": "b"}), PLAIN)
    assert clip.applied({"apiKey": "real", "host": "a"}) == {"apiKey": "real", "host": "b"}


MALICE = {
    "json": json.dumps({"headers": {f"h{at}": "v" * 20 for at in range(30_000)}}),
    "cut json": json.dumps({"headers": {f"h{at}": "v" * 20 for at in range(30_000)}})[:-1],
    "brackets": "[" * 1_000_000,
    "body": "curl x -d '" + "a" * 1_000_000 + "'",
    "options": "curl x " + "-H 'a: b' " * 100_000,
    "quotes": "curl " + '"' * 999_999,
    "dollars": "curl " + "$" * 1_000_000,
    "carets": 'curl ^"' + '^"' * 400_000,
    "backslashes": "curl " + "\\" * 999_999,
    "lines": "A=1\n" * 250_000,
    "open quotes": 'A="x\n' * 200_000,
    "headers": "A: b\n" * 200_000,
    "yaml": "a: [" * 250_000,
    "words": "x" * 1_000_000,
    "too much": "x" * (LARGEST + 1),
}


@pytest.mark.parametrize("kind", MALICE)
@pytest.mark.parametrize("schema", [HTTP, PLAIN], ids=["http", "plain"])
def test_a_megabyte_of_anything_is_answered(kind: str, schema: Any) -> None:
    clip = read(MALICE[kind], schema)
    assert clip.problem or clip.patch or clip.unfit


@pytest.mark.parametrize("schema", [True, False, {}, {"type": "string"}, {"$ref": "#"}, {"oneOf": [HTTP, PLAIN]}, 7])
@pytest.mark.parametrize("text", ['{"a": 1}', "a: 1", "A=1", "curl x.y", "A: b\nC: d"])
def test_any_schema_is_survived(schema: Any, text: str) -> None:
    assert read(text, schema).applied(ABSENT) is not None


def test_control_characters_and_markup_are_only_text() -> None:
    evil = "[/x]\x1b]0;owned\x07\u202e"
    clip = read(f"curl x.y -H 'A: {evil}' --{evil}", HTTP)
    assert clip.patch["headers"] == {"A": evil} and len(clip.unfit) == 2
