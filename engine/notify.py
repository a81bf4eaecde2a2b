"""Rules of who is told of what: which ends of runs go to which webhook or command. Pure; `notifier` sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from engine.errors import SettingsError
from engine.secrets import MASK

EVENTS = ("completed", "failed", "cancelled", "asked")
"""How a run ended, or that one of its tasks waits for a person's answer."""
HINT = 'E.g. [[notify]] with on = ["failed"] and url = "https://…" or command = ["notify-send", "taskdeck"]'
REFERENCES = ("env:", "keyring:")


@dataclass(frozen=True, slots=True)
class NotifyRule:
    """`executor` and `label` are patterns (`deploy*`), "" for any. One of `url` and `command` (argv, no shell) is set;
    `url` and the values of `headers` may be references, `env:NAME` or `keyring:NAME`. `timeout` is seconds a try."""

    on: tuple[str, ...] = ("failed",)
    executor: str = ""
    label: str = ""
    url: str = ""
    command: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    tries: int = 3

    def covers(self, event: str, executor: str, label: str) -> bool:
        """Whether an event of such a run is told by this rule."""
        return (
            event in self.on
            and (not self.executor or fnmatchcase(executor, self.executor))
            and (not self.label or fnmatchcase(label, self.label))
        )

    @property
    def shown(self) -> dict[str, Any]:
        """Its fields, as they may be seen: the address of a webhook lets anyone send, and headers hold tokens."""
        url = self.url
        if url and not url.startswith(REFERENCES):
            parts = urlsplit(url)
            url = f"{parts.scheme}://{parts.hostname}/{MASK}"
        headers = {name: text if text.startswith(REFERENCES) else MASK for name, text in self.headers.items()}
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"url": url, "headers": headers}

    @property
    def where(self) -> str:
        """Where it goes, in words that give away nothing secret: the host, or the program."""
        if self.command:
            return f"the command {self.command[0]}"
        return f"the webhook {self.url if self.url.startswith(REFERENCES) else urlsplit(self.url).hostname}"


def read_rules(value: Any, source: str) -> tuple[NotifyRule, ...]:
    """The `notify` setting: a list of tables. Raises `SettingsError` naming the entry."""
    if not isinstance(value, list):
        raise SettingsError(f"'notify' in {source} must be a list of tables, not {value!r:.60}", HINT)
    return tuple(_rule(entry, f"notify entry {number} in {source}") for number, entry in enumerate(value, 1))


def _rule(entry: Any, where: str) -> NotifyRule:
    if not isinstance(entry, Mapping):
        raise SettingsError(f"{where} must be a table, not {entry!r:.60}", HINT)
    known = [each.name for each in fields(NotifyRule)]
    if unknown := next((key for key in entry if key not in known), None):
        raise SettingsError(f"{where}: there is no '{unknown}'", f"Known are {', '.join(known)}")
    on = entry.get("on", ("failed",))
    on = (on,) if isinstance(on, str) else on
    if not isinstance(on, Sequence) or not on or not all(each in EVENTS for each in on):
        raise SettingsError(f"{where}: on = {on!r:.60} is none", f"List some of {', '.join(EVENTS)}")
    texts = {name: entry.get(name, "") for name in ("executor", "label", "url")}
    if wrong := next((name for name, text in texts.items() if not isinstance(text, str)), None):
        raise SettingsError(f"{where}: {wrong} must be text, not {texts[wrong]!r:.60}", HINT)
    command = entry.get("command", ())
    if isinstance(command, str) or not all(isinstance(each, str) and each for each in command):
        raise SettingsError(f"{where}: command must be a list of words, not {command!r:.60}", "There is no shell")
    if bool(texts["url"]) == bool(command):
        raise SettingsError(f"{where}: it needs a url or a command, one of them", HINT)
    if texts["url"] and not texts["url"].startswith(REFERENCES):
        _check_url(texts["url"], where)
    headers = entry.get("headers", {})
    if not isinstance(headers, Mapping) or not all(isinstance(text, str) for text in headers.values()):
        raise SettingsError(f"{where}: headers must be a table of texts", 'E.g. { Authorization = "env:HOOK_TOKEN" }')
    timeout, tries = entry.get("timeout", 10.0), entry.get("tries", 3)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 300:
        raise SettingsError(f"{where}: timeout must be seconds up to 300, not {timeout!r:.60}")
    if isinstance(tries, bool) or not isinstance(tries, int) or not 1 <= tries <= 10:
        raise SettingsError(f"{where}: tries must be a whole number from 1 to 10, not {tries!r:.60}")
    return NotifyRule(
        tuple(on), command=tuple(command), headers=dict(headers), timeout=float(timeout), tries=tries, **texts
    )


def _check_url(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise SettingsError(f"{where}: its url is no http or https address", HINT)
