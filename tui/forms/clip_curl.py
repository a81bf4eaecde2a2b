"""A `curl` command as the request that it would send. Pure: no file is read, nothing is looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from tui.forms.clip_fields import Note
from tui.forms.clip_shell import ShellError, Word, words

_BEGIN = re.compile(r"\s*(?:[$#>%][ \t]+)?(?:\S*/)?curl(?:\.exe)?(?=\s|\Z)")
_OPTIONS_ONLY = re.compile(r"\s*(?:-H|--header)[ \t]")

TAKEN = {
    "-X": "method", "--request": "method", "-H": "header", "--header": "header", "-d": "data", "--data": "data",
    "--data-ascii": "data", "--data-raw": "raw", "--data-binary": "binary", "--data-urlencode": "encode",
    "--json": "json", "-u": "user", "--user": "user", "-b": "cookie", "--cookie": "cookie", "-A": "agent",
    "--user-agent": "agent", "-e": "referer", "--referer": "referer", "--url": "url", "-m": "timeout",
    "--max-time": "timeout", "-F": "form", "--form": "form", "--form-string": "form", "--url-query": "query",
    "--oauth2-bearer": "bearer", "-r": "range", "--range": "range",
}  # fmt: skip
"""Options with an argument that are part of the request."""

SWITCHES = {
    "-G": "get", "--get": "get", "-I": "head", "--head": "head", "-k": "insecure", "--insecure": "insecure",
    "-L": "follow", "--location": "follow", "--location-trusted": "follow",
}  # fmt: skip

SILENT = frozenset(
    {"-s", "--silent", "-S", "--show-error", "-v", "--verbose", "-i", "--include", "-f", "--fail", "--fail-with-body"}
    | {"-N", "--no-buffer", "-#", "--progress-bar", "--no-progress-meter", "-O", "--remote-name", "-J", "-R", "-q"}
    | {"--remote-header-name", "--compressed", "-g", "--globoff", "--trace-time", "--styled-output", "-a", "--append"}
    | {"--remote-time", "--disable", "--raw", "--tr-encoding", "--no-keepalive", "--path-as-is", "-Z", "--parallel"}
)
"""Switches about what curl prints or how it fetches; they change nothing of the request."""

SILENT_WITH = frozenset(
    {"-o", "--output", "-w", "--write-out", "-D", "--dump-header", "--stderr", "--trace", "--trace-ascii", "-c"}
    | {"--cookie-jar", "--output-dir"}
)
ELSEWHERE = {
    **dict.fromkeys(("--retry", "--retry-delay", "--retry-max-time"), "retries stand among the launch options"),
    **dict.fromkeys(("-x", "--proxy", "--socks5", "-U", "--proxy-user", "--noproxy"), "a proxy cannot be given here"),
    **dict.fromkeys(("-T", "--upload-file"), "no file is read here"),
    **dict.fromkeys(("-K", "--config"), "no file is read here"),
    **dict.fromkeys(("-E", "--cert", "--key", "--cacert", "--capath", "--cert-type", "--pass", "--ciphers"),
                    "no certificate can be given here"),
    **dict.fromkeys(("--connect-timeout", "--limit-rate", "-Y", "-y", "--speed-limit", "--speed-time", "--resolve",
                     "--connect-to", "--interface", "--dns-servers", "--max-redirs", "--unix-socket", "-z", "-C",
                     "--aws-sigv4", "--ech", "--max-filesize", "--keepalive-time", "--local-port", "--proto"),
                    "has no place among the inputs"),
}  # fmt: skip
"""Options with an argument that no HTTP executor takes, and why."""
FLAGS = frozenset(
    {"-4", "--ipv4", "-6", "--ipv6", "-0", "--http1.0", "--http1.1", "--http2", "--http2-prior-knowledge", "--http3"}
    | {"-1", "--tlsv1", "--tlsv1.0", "--tlsv1.1", "--tlsv1.2", "--tlsv1.3", "--tcp-nodelay", "--ssl-no-revoke"}
    | {"--digest", "--basic", "--ntlm", "--negotiate", "--anyauth", "-n", "--netrc", "--post301", "--post302"}
)
"""Switches that are part of the request but have no place among inputs."""
_WITH_ARGUMENT = TAKEN.keys() | SILENT_WITH | ELSEWHERE.keys()


@dataclass(slots=True)
class Request:
    """What the command sends. `body` is text; `is_json` and `is_form` say by which option it was given.

    `names` are the variables that stand in the values as `$NAME`; `query` and `form` are `name=value` texts.
    """

    url: str = ""
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    is_json: bool = False
    query: list[str] = field(default_factory=list)
    form: list[str] = field(default_factory=list)
    user: str = ""
    bearer: str = ""
    cookie: str = ""
    insecure: bool = False
    follow: bool = False
    timeout: str = ""
    get: bool = False
    head: bool = False
    unfit: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def verb(self) -> str:
        """The method that curl would use."""
        if self.method or self.head:
            return self.method or "HEAD"
        return "POST" if (self.body or self.form or self.is_json) and not self.get else "GET"


def is_curl(text: str) -> bool:
    """Whether `text` is a curl command, or some of its `-H` options."""
    return bool(_BEGIN.match(text) or _OPTIONS_ONLY.match(text))


def request(text: str) -> Request:
    """Read a command. Raises `ShellError` in words for what is none."""
    begin = _BEGIN.match(text)
    cut, rest = words(text[begin.end() :] if begin else text)
    found = Request()
    if rest:
        found.unfit.append(Note(rest[:80], "only the curl command itself is taken"))
    quiet: list[str] = []
    for option, word in _options(cut):
        _take(found, option, word, quiet)
    if quiet:
        found.notes.append(Note(" ".join(quiet)[:80], "is about what curl shows, not about the request"))
    if not found.url and begin is not None:
        raise ShellError("the command has no address")
    if found.get:
        found.query += found.body
        found.body = []
    return found


def _options(cut: list[Word]) -> Iterator[tuple[str, Word | None]]:
    """(option, its argument or None); ("", word) for an address."""
    at, only_words = 0, False
    while at < len(cut):
        word, at = cut[at], at + 1
        text = word.text
        if only_words or not text.startswith("-") or text == "-":
            yield "", word
        elif text == "--":
            only_words = True
        elif text.startswith("--"):
            name, equals, value = text.partition("=")
            if equals and name in _WITH_ARGUMENT:
                yield name, Word(value, word.variables)
            elif text in _WITH_ARGUMENT:
                yield text, cut[at] if at < len(cut) else None
                at += 1
            else:
                yield text, None
        else:  # short ones may stand together, the last with its argument: -sSLXPOST
            for place, letter in enumerate(text[1:], 2):
                short = f"-{letter}"
                if short not in _WITH_ARGUMENT:
                    yield short, None
                    continue
                if place < len(text):
                    yield short, Word(text[place:], word.variables)
                else:
                    yield short, cut[at] if at < len(cut) else None
                    at += 1
                break


def _take(found: Request, option: str, word: Word | None, quiet: list[str]) -> None:
    """Put one option into the request."""
    if option in _WITH_ARGUMENT and word is None:
        found.unfit.append(Note(option, "its argument is missing"))
    elif not option and word is not None:
        _address(found, word)
    elif option in SWITCHES:
        setattr(found, SWITCHES[option], True)
    elif option in SILENT or option in SILENT_WITH:
        quiet.append(f"{option} {word.text}" if word is not None else option)
    elif option in ELSEWHERE and word is not None:
        found.unfit.append(Note(option, ELSEWHERE[option]))
    elif option in FLAGS or (option.startswith("--no-") and word is None):
        found.unfit.append(Note(option, "has no place among the inputs"))
    elif option in TAKEN and word is not None:
        if word.variables:
            found.notes.append(Note(_named(option, word.text), "a shell variable in it is not filled in"))
        _argument(found, TAKEN[option], word.text, option)
    else:
        found.unfit.append(Note(option[:80], "is no option that is known here"))


def _named(option: str, text: str) -> str:
    """An option without what may be a secret in it; of a header, its name and the variable that it ends with."""
    name, colon, _ = text.partition(":")
    last = text.rsplit(" ", 1)[-1]
    variable = last if last.startswith("$") else ""
    return " ".join(filter(None, [option, f"{name}:"[:60] if colon and option in ("-H", "--header") else "", variable]))


def _address(found: Request, word: Word) -> None:
    if found.url:
        found.unfit.append(Note(word.text[:80], "only one address is taken"))
        return
    if word.variables:
        found.notes.append(Note("the address", "a shell variable in it is not filled in"))
    # curl itself takes an address without a scheme for http
    found.url = word.text if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", word.text) else f"http://{word.text}"


def _argument(found: Request, kind: str, text: str, option: str) -> None:
    if kind == "url":
        _address(found, Word(text))
    elif kind == "method":
        found.method = text
    elif kind == "header":
        _header(found, text)
    elif kind in ("data", "raw", "binary", "json", "encode"):
        _data(found, kind, text, option)
    elif kind in ("form", "query"):
        if kind == "form" and option != "--form-string" and re.match(r"[^=]*=[@<]", text):
            found.unfit.append(Note(f"{option} {text}"[:80], "no file is read here"))
        else:
            getattr(found, kind).append(text)
    elif kind == "cookie":
        if "=" in text:
            found.cookie = f"{found.cookie}; {text}" if found.cookie else text
        else:
            found.unfit.append(Note(f"{option} {text}"[:80], "no file is read here"))
    elif kind in ("agent", "referer", "range"):
        name = {"agent": "User-Agent", "referer": "Referer", "range": "Range"}[kind]
        found.headers.append((name, f"bytes={text}" if kind == "range" else text))
    else:
        setattr(found, kind, text)


def _header(found: Request, text: str) -> None:
    if text.startswith("@"):
        found.unfit.append(Note(f"-H {text}"[:80], "no file is read here"))
        return
    name, colon, value = text.partition(":")
    if not colon and text.endswith(";"):  # how curl sends a header without a value
        name, colon = text[:-1], ":"
    if not colon or not name.strip():
        found.unfit.append(Note(f"-H {text}"[:80], "is no header: NAME: VALUE"))
    elif not value.strip() and not text.endswith(";"):
        found.notes.append(Note(f"-H {text}"[:80], "only takes a header away that curl would add"))
    elif name.strip().lower() == "cookie":
        found.cookie = f"{found.cookie}; {value.strip()}" if found.cookie else value.strip()
    else:
        found.headers.append((name.strip(), value.strip()))


def _data(found: Request, kind: str, text: str, option: str) -> None:
    if kind == "encode":
        name, equals, value = text.partition("=")
        if not equals and "@" in text:
            found.unfit.append(Note(f"{option} {text}"[:80], "no file is read here"))
            return
        found.body.append(f"{name}={quote(value)}" if equals and name else quote(value if equals else text))
        return
    if text.startswith("@") and kind != "raw":
        found.unfit.append(Note(f"{option} {text}"[:80], "no file is read here"))
        return
    if kind == "json":
        found.is_json = True
        found.body[-1:] = ["".join([*found.body[-1:], text])]
        return
    if kind == "data":
        text = text.replace("\r", "").replace("\n", "")  # as curl does
    found.body.append(text)
