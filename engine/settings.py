"""Settings: a TOML file and the environment, with platform folders as defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from engine.errors import SettingsError
from engine.notify import NotifyRule, read_rules

ENV_PREFIX = "TASKDECK_"
CONSOLE = "console"
"""The table of the file that is the console's own, and read by it."""
FLOATS = frozenset({"grace", "cancel_limit", "import_limit", "keep_days", "block_limit", "headless"})
FROM_ZERO = frozenset({"keep_days", "keep_runs", "memory_limit", "backups", "headless"})


def _data_folder() -> Path:
    return platformdirs.user_data_path("taskdeck", appauthor=False)


def config_folder() -> Path:
    """Where `settings.toml` and the user's `executors/` lie."""
    return platformdirs.user_config_path("taskdeck", appauthor=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default. The file is `settings.toml` in the config folder; `TASKDECK_NAME` overrides.

    Sizes are bytes, times seconds.
    """

    store: Path = field(default_factory=lambda: _data_folder() / "taskdeck.db")
    executors: Path = field(default_factory=lambda: config_folder() / "executors")
    slots: int = 64
    """How many tasks run at once."""
    pools: Mapping[str, int] = field(default_factory=dict)
    """Named pools and how many of their tasks run at once; in the environment as "gpu=2,db=4" (8.7)."""
    grace: float = 2.0
    """How long a cancelled attempt whose executor has `cancel()` may end by itself (5.1)."""
    cancel_limit: float = 1.0
    """How long `cancel()` itself may take, inside the grace."""
    block_limit: float = 1.0
    """How long an attempt may hold up the loop of the executors, before what comes gets another."""
    threads: int = 128
    """In how many threads plain `execute` methods run, those that do not end among them."""
    isolation: str = "thread"
    """Where executors run that files bring: "thread" as each says for itself, "process" all in processes."""
    processes: int = 8
    """How many attempts run in processes of their own at once; others wait for one."""
    memory_limit: int = 0
    """What an attempt in a process of its own may take, where its executor does not say; 0 is no limit."""
    result_limit: int = 8 * 2**20
    """Results above this are stored compressed, up to `result_max` (4.5)."""
    result_max: int = 64 * 2**20
    synchronous: str = "FULL"
    """SQLite's durability: FULL or NORMAL."""
    log_lines: int = 50_000
    """Lines kept of one attempt's log; the end is always kept."""
    keep_days: float = 0.0
    """Days for which ended runs are kept; 0 keeps them for ever."""
    keep_runs: int = 0
    """Ended runs kept of each executor; 0 keeps all."""
    backups: int = 7
    """Backups kept of the store, one a day while a console is open; 0 makes none."""
    notify: tuple[NotifyRule, ...] = ()
    """Who is told of the ends of runs, as `[[notify]]` tables: see docs/schedules.md."""
    import_limit: float = 10.0
    """How long importing one executor file may take."""
    headless: float = 3_600.0
    """How long the runs of a console go on that lost its terminal; 0 ends them at once."""
    user: str = field(default_factory=lambda: os.environ.get("USER") or os.environ.get("LOGNAME") or "unknown")

    @classmethod
    def load(cls, file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the file (missing: defaults), then the environment. Raises `SettingsError` naming the wrong key."""
        path = file or config_folder() / "settings.toml"
        given: dict[str, tuple[Any, str]] = {}
        if path.exists():
            try:
                for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
                    if key != CONSOLE:
                        given[key] = (value, str(path))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise SettingsError(f"cannot read {path}: {error}", "Mend or remove the file") from error
        known = {f.name for f in fields(cls)}
        for name in known:
            if (text := (environ or os.environ).get(ENV_PREFIX + name.upper())) is not None:
                given[name] = (text, ENV_PREFIX + name.upper())
        values = {}
        for key, (value, source) in given.items():
            if key not in known:
                raise SettingsError(f"unknown setting '{key}' in {source}", f"Known are {', '.join(sorted(known))}")
            values[key] = _read(key, value, source)
        return cls(**values)


def _read(key: str, value: Any, source: str) -> Any:
    """Turn `value` into the field's type; the environment gives text for all."""
    if key == "pools":
        return _pools(value, source)
    if key == "notify":
        return read_rules(value, source)
    types = {"store": Path, "executors": Path, "synchronous": str, "user": str, "isolation": str}
    kind = types.get(key, float if key in FLOATS else int)
    try:
        read: Any = kind(value)
    except (TypeError, ValueError):
        raise SettingsError(f"'{key}' in {source} must be a {kind.__name__}, not {value!r}") from None
    if kind in (int, float) and (read < 0 if key in FROM_ZERO else read <= 0):
        raise SettingsError(f"'{key}' in {source} must be above 0, not {value!r}")
    if key == "synchronous" and read not in {"FULL", "NORMAL"}:
        raise SettingsError(f"'synchronous' in {source} must be FULL or NORMAL, not {value!r}")
    if key == "isolation" and read not in {"thread", "process"}:
        raise SettingsError(f"'isolation' in {source} must be thread or process, not {value!r}")
    return read.expanduser() if isinstance(read, Path) else read


def _pools(value: Any, source: str) -> Mapping[str, int]:
    if isinstance(value, str):
        value = dict(pair.partition("=")[::2] for pair in value.replace(" ", "").split(",") if pair)
    if not isinstance(value, Mapping):
        raise SettingsError(f"'pools' in {source} must name pools and their sizes, not {value!r}", "E.g. gpu = 2")
    pools = {}
    for name, size in value.items():
        try:
            pools[str(name)] = int(size)
        except (TypeError, ValueError):
            pools[str(name)] = 0
        if pools[str(name)] < 1 or isinstance(size, bool | float):
            raise SettingsError(f"the size of pool '{name}' in {source} must be a whole number from 1, not {size!r}")
    return pools
