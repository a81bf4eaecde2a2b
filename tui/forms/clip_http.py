"""A request put into the inputs of an HTTP executor: whichever names and types those have, by names and types. Pure."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from tui.forms import strict_json
from tui.forms.clip_curl import Request
from tui.forms.clip_fields import TEXTS, Inputs, Note, from_text
from tui.forms.instance import ABSENT
from tui.forms.model import Row

OBJECTS = frozenset({"map", "object", "any", "raw"})
ROLES: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "url": (("url", "uri", "endpoint", "address", "href", "request_url", "target_url", "webhook_url"), TEXTS),
    "method": (("method", "http_method", "verb", "request_method"), TEXTS | {"choice"}),
    "headers": (("headers", "http_headers", "request_headers", "header"), OBJECTS | {"array"}),
    "json": (("json", "json_body", "json_data", "body_json"), OBJECTS | {"union", "array"}),
    "body": (("body", "data", "content", "payload", "request_body", "raw_body", "text"), TEXTS | OBJECTS | {"union"}),
    "query": (("params", "query", "query_params", "query_string", "parameters", "args"), TEXTS | OBJECTS | {"array"}),
    "form": (("form", "form_data", "multipart", "files"), OBJECTS | {"array"}),
    "cookies": (("cookies", "cookie"), TEXTS | OBJECTS),
    "bearer": (("bearer_token", "bearer", "access_token", "auth_token", "token"), TEXTS),
    "auth": (("auth", "basic_auth", "authentication", "authorization", "credentials"), OBJECTS | {"union"}),
    "user": (("username", "user", "login", "auth_user", "basic_user"), TEXTS),
    "password": (("password", "passwd", "pass", "auth_password", "basic_password"), TEXTS),
    "insecure": (("insecure", "skip_tls_verify", "skip_verify", "ignore_tls", "allow_insecure"),
                 frozenset({"boolean"})),
    "verify": (("verify_tls", "verify_ssl", "verify", "ssl_verify", "tls_verify", "check_certificate"),
               frozenset({"boolean"})),
    "follow": (("follow_redirects", "allow_redirects", "follow", "follow_location", "redirects"),
               frozenset({"boolean"})),
    "timeout": (("timeout", "timeout_seconds", "max_time", "timeout_s"), frozenset({"integer", "number"})),
}  # fmt: skip
"""For each part of a request the names that inputs have for it, best first, and their kinds."""

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Filled:
    """Inputs by name, the inputs that must go for them, and what was said on the way."""

    patch: dict[str, Any] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    unfit: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def roles_of(inputs: Inputs) -> dict[str, Row]:
    """Which input plays which part; {} for a schema that is about no HTTP request."""
    found: dict[str, Row] = {}
    for role, (names, kinds) in ROLES.items():
        row = inputs.first(names, kinds)
        if row is not None and row.path not in [other.path for other in found.values()]:
            found[role] = row
    return found if "url" in found and found.keys() & {"method", "headers", "json", "body", "query"} else {}


def fill(inputs: Inputs, roles: dict[str, Row], request: Request) -> Filled:
    """The inputs that send `request`; what has no place is told in `unfit`."""
    filling = _Filling(inputs, roles, request)
    filling.all()
    return filling.made


def fill_headers(inputs: Inputs, roles: dict[str, Row], pairs: list[tuple[str, str]]) -> Filled:
    """The inputs of header lines alone."""
    request = Request(headers=[pair for pair in pairs if pair[0].lower() != "cookie"])
    request.cookie = "; ".join(value for name, value in pairs if name.lower() == "cookie")
    filling = _Filling(inputs, roles, request)
    filling.credentials()
    filling.cookies()
    filling.headers()
    return filling.made


class _Filling:
    """One request on its way into the inputs."""

    def __init__(self, inputs: Inputs, roles: dict[str, Row], request: Request) -> None:
        self._inputs, self._roles, self._request = inputs, roles, request
        self._headers = list(request.headers)
        self.made = Filled(unfit=list(request.unfit), notes=list(request.notes))

    def all(self) -> None:
        request = self._request
        if request.url:
            self._text("url", request.url, "the address")
            self._text("method", request.verb, "the method")
        self._body()
        self._query()
        self.credentials()
        self.cookies()
        self._switches()
        self.headers()
        if request.url:  # a whole command: what it does not have is not left over from before
            parts = ("json", "body", "form", "query", "headers", "cookies", "bearer", "auth", "user", "password")
            left = [str(self._roles[part].path[0]) for part in parts if part in self._roles]
            self.made.cleared += [name for name in left if name not in self.made.patch]

    def _put(self, role: str, value: Any) -> bool:
        row = self._roles.get(role)
        if row is None or str(row.path[0]) in self.made.patch:
            return False
        self.made.patch[str(row.path[0])] = value
        return True

    def _text(self, role: str, text: str, what: str) -> bool:
        """Put a text into the input of that part, as its type."""
        row = self._roles.get(role)
        value = from_text(row, text) if row is not None else ABSENT
        if row is None or value is ABSENT:
            why = "is none of its options" if row is not None and row.kind == "choice" else "has no input"
            self.made.unfit.append(Note(f"{what} {text}"[:80], why))
            return False
        return self._put(role, value)

    # the body

    def _body(self) -> None:
        request = self._request
        if request.form:
            self._form(request.form)
        if not request.body:
            return
        text = ("" if request.is_json else "&").join(request.body)
        kind = self._header("content-type")
        is_json = request.is_json or "json" in (kind or "").lower()
        value = _json(text) if is_json else ABSENT
        if value is not ABSENT and self._put_json(value):
            if (kind or JSON_TYPE).strip().lower() == JSON_TYPE:
                self._drop_header("content-type")  # the input sends it by itself
            return
        if is_json and value is ABSENT:
            self.made.notes.append(Note("the body", "is called JSON and is none; taken as text"))
        self._put_text(text, kind or (JSON_TYPE if is_json else FORM_TYPE))

    def _put_json(self, value: Any) -> bool:
        if self._put("json", value):
            return True
        body = self._roles.get("body")
        return body is not None and body.kind not in TEXTS and self._put("body", value)

    def _put_text(self, text: str, kind: str) -> None:
        body = self._roles.get("body")
        if body is not None and body.kind in ("map", "object") and kind.startswith(FORM_TYPE):
            self._put("body", dict(parse_qsl(text, keep_blank_values=True)))
        elif body is not None and body.kind not in ("map", "object"):
            self._put("body", text)
        elif not ("json" in self._roles and self._put("json", text)):
            self.made.unfit.append(Note(f"the body of {len(text):,} characters", "there is no input for it"))
            return
        if self._header("content-type") is None:
            self._headers.append(("Content-Type", kind))

    def _form(self, parts: list[str]) -> None:
        pairs = [part.partition("=")[::2] for part in parts]
        if "form" in self._roles and self._roles["form"].kind != "array":
            self._put("form", dict(pairs))
        else:
            self.made.unfit += [Note(f"-F {name}"[:80], "there is no input for a form of parts") for name, _ in pairs]

    # the query

    def _query(self) -> None:
        query = self._request.query
        if not query:
            return
        row = self._roles.get("query")
        pairs = [part for text in query for part in text.split("&") if part]
        split = [
            (unquote_plus(name), unquote_plus(value)) for name, _, value in (part.partition("=") for part in pairs)
        ]
        if row is not None and row.kind in OBJECTS and len({name for name, _ in split}) == len(split):
            self._put("query", dict(split))
            return
        url = self.made.patch.get(str(self._roles["url"].path[0])) if "url" in self._roles else None
        if isinstance(url, str):
            self.made.patch[str(self._roles["url"].path[0])] = url + ("&" if "?" in url else "?") + "&".join(pairs)

    # who asks

    def credentials(self) -> None:
        request = self._request
        given = self._header("authorization") or (f"Bearer {request.bearer}" if request.bearer else None)
        scheme, _, token = (given or "").partition(" ")
        if scheme.lower() == "bearer" and token.strip() and "bearer" in self._roles:
            self._put("bearer", self._reference(token.strip()))
            self._drop_header("authorization")
        elif request.bearer:
            self._headers.append(("Authorization", f"Bearer {request.bearer}"))
        if not request.user:
            return
        name, _, password = request.user.partition(":")
        if "user" in self._roles and "password" in self._roles:
            self._put("user", name)
            self._put("password", self._reference(password))
        elif not self._auth_object(name, password):
            encoded = b64encode(request.user.encode("utf-8", "replace")).decode()
            self._headers.append(("Authorization", f"Basic {encoded}"))
            self.made.notes.append(Note("-u", "is taken as an Authorization header"))

    def _auth_object(self, name: str, password: str) -> bool:
        """Name and password into an object, or the branch of a union, that has a place for both."""
        row = self._roles.get("auth")
        if row is None:
            return False
        branches: list[int | None] = list(range(len(row.branches))) if row.kind == "union" else [None]
        for branch in branches:
            rows = self._inputs.inside(row.path, branch)
            user = next((rows[key] for key in ("username", "user", "login") if key in rows), None)
            secret = next((rows[key] for key in ("password", "passwd", "pass") if key in rows), None)
            if user is None or secret is None:
                continue
            told = {str(one.path[-1]): one.constant for one in rows.values() if one.kind == "const"}
            made = {str(user.path[-1]): name, str(secret.path[-1]): self._reference(password)}
            return self._put("auth", {**told, **made})
        return False

    def _reference(self, text: str) -> str:
        """A secret that is only a shell variable becomes the reference that is looked up when it runs (8.6)."""
        name = text[2:-1] if text.startswith("${") and text.endswith("}") else text[1:] if text.startswith("$") else ""
        if not (name.isidentifier() and name.isascii()):
            return text
        self.made.notes = [note for note in self.made.notes if not note.what.endswith(text)]
        self.made.notes.append(Note(text, f"becomes env:{name}, looked up when it runs"))
        return f"env:{name}"

    def cookies(self) -> None:
        cookie = self._request.cookie
        if not cookie:
            return
        row = self._roles.get("cookies")
        if row is None:
            self._headers.append(("Cookie", cookie))
        elif row.kind in TEXTS:
            self._put("cookies", cookie)
        else:
            pairs = [part.strip().partition("=")[::2] for part in cookie.split(";") if part.strip()]
            self._put("cookies", dict(pairs))

    # switches

    def _switches(self) -> None:
        request = self._request
        if request.insecure and not (self._put("insecure", True) or self._put("verify", False)):
            self.made.unfit.append(Note("-k", "there is no input for it"))
        if request.follow and not self._put("follow", True):
            self.made.unfit.append(Note("-L", "there is no input for it"))
        if request.timeout:
            self._text("timeout", request.timeout, "-m")

    # headers

    def headers(self) -> None:
        grouped: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for name, value in self._headers:
            grouped.setdefault(names.setdefault(name.lower(), name), []).append(value)
        for name, values in grouped.items():
            if len(values) > 1:
                self.made.notes.append(Note(name, f"stands {len(values)} times; the values go into one header"))
        pairs = [(name, ", ".join(values)) for name, values in grouped.items()]
        if not pairs:
            return
        row = self._roles.get("headers")
        if row is None:
            self.made.unfit += [Note(f"the header {name}"[:80], "there is no input for headers") for name, _ in pairs]
        elif row.kind == "array":
            self._put("headers", self._listed(row, pairs))
        else:
            self._put("headers", dict(pairs))

    def _listed(self, row: Row, pairs: list[tuple[str, str]]) -> list[Any]:
        """Headers as a list of objects with a name and a value, or of lines."""
        _, inside = self._inputs.item(row.path)
        key = next((inside[name] for name in ("name", "key", "header") if name in inside), None)
        held = next((inside[name] for name in ("value", "val") if name in inside), None)
        if key is None or held is None:
            return [f"{name}: {value}" for name, value in pairs]
        return [{str(key.path[-1]): name, str(held.path[-1]): value} for name, value in pairs]

    def _header(self, name: str) -> str | None:
        return next((value for key, value in self._headers if key.lower() == name), None)

    def _drop_header(self, name: str) -> None:
        self._headers = [(key, value) for key, value in self._headers if key.lower() != name]


def _json(text: str) -> Any:
    try:
        return strict_json.parse(text)
    except strict_json.JsonError:
        return ABSENT
