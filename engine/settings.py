"""Settings: a TOML file and the environment, with platform folders as defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from engine.errors import SettingsError
from engine.notify import NotifyRule, read_rules
from engine.origin import login

ENV_PREFIX = "TASKDECK_"
CONSOLE = "console"
"""The table of the file that is the console's own, and read by it."""
FLOATS = frozenset({"grace", "cancel_limit", "import_limit", "keep_days", "block_limit", "headless"})
FROM_ZERO = frozenset({"keep_days", "keep_runs", "memory_limit", "backups", "headless"})
IN_FILES = frozenset({"notify"})
"""Settings that are tables and stand in files alone; the console has one of the same name, and the variable is its."""
SITE_FILE = Path("/etc/taskdeck/settings.toml")
"""Settings of all users of a machine. A person's own go before them, but not what it says of who may do what."""
RIGHTS = frozenset({"read_only", "allow", "destructive_users", "destructive_groups"})


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
    """The file that keeps all runs, their results and logs."""
    executors: Path = field(default_factory=lambda: config_folder() / "executors")
    """Your own folder of executors and flows."""
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
    """Results above this fail their task."""
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
    user: str = field(default_factory=login)
    """Who is recorded as having launched something; the login that the system knows."""
    read_only: bool = False
    """Whether nothing may be launched, cancelled, rerun, deleted or changed otherwise."""
    allow: tuple[str, ...] = ("*",)
    """Which executors may run here: patterns of ids, as in "backup_*"; the others are listed and refused."""
    destructive_users: tuple[str, ...] = ()
    """With `destructive_groups`: who alone may run executors marked as dangerous; nobody named means everybody."""
    destructive_groups: tuple[str, ...] = ()
    """The groups of those who may do so."""
    group: str = ""
    """The group that the store is shared with; "" keeps it to its user."""

    @classmethod
    def load(cls, file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the machine's file, the person's (missing: defaults), then the environment.

        Raises `SettingsError` naming the wrong key, and for what would take back what the machine's says of rights.
        """
        return cls(**{name: value for name, (value, _) in said(file, environ).items()})


def said(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Mapping[str, tuple[Any, str]]:
    """The settings that are no defaults: each one's value, and the file or the variable that says it.

    Raises as `Settings.load` does.
    """
    known = {f.name for f in fields(Settings)}
    site = {key: _checked(key, value, SITE_FILE, known) for key, value in _table(SITE_FILE)}
    path = file or config_folder() / "settings.toml"
    found = {key: (value, str(SITE_FILE)) for key, value in site.items()}
    own = [(key, value, str(path)) for key, value in _table(path)]
    environ = environ or os.environ
    variables = {ENV_PREFIX + name.upper(): name for name in sorted(known - IN_FILES)}
    own += [(name, environ[variable], variable) for variable, name in variables.items() if variable in environ]
    for key, value, source in own:
        read = _checked(key, value, source, known)
        if key in RIGHTS & site.keys() and read not in (site[key], True):  # read-only may always be asked for
            raise SettingsError(f"'{key}' in {source} is said by {SITE_FILE} for all users", "Remove it")
        found[key] = (read, source)
    return found


def _table(path: Path) -> Iterable[tuple[str, Any]]:
    """The settings in a file, none where it is missing. Raises `SettingsError` where it cannot be read."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "Mend or remove the file") from error
    return [(key, value) for key, value in found.items() if key != CONSOLE]


def _checked(key: str, value: Any, source: Path | str, known: set[str]) -> Any:
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Known are {', '.join(sorted(known))}"
        raise SettingsError(f"unknown setting '{key}' in {source}", hint)
    return _read(key, value, str(source))


def _read(key: str, value: Any, source: str) -> Any:
    """Turn `value` into the field's type; the environment gives text for all."""
    if key == "pools":
        return _pools(value, source)
    if key == "notify":
        return read_rules(value, source)
    if key in ("allow", "destructive_users", "destructive_groups"):
        return _names(key, value, source)
    if key == "read_only":
        return _flag(key, value, source)
    if key in ("user", "group") and not isinstance(value, str):
        raise SettingsError(f"'{key}' in {source} must be a name, not {value!r}")
    texts = ("synchronous", "user", "group", "isolation")
    kind = Path if key in ("store", "executors") else str if key in texts else float if key in FLOATS else int
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


def _names(key: str, value: Any, source: str) -> tuple[str, ...]:
    if isinstance(value, str):  # one, or in the environment "ann,bob"
        value = [name.strip() for name in value.split(",") if name.strip()]
    if not isinstance(value, list) or not all(isinstance(name, str) and name.strip() for name in value):
        raise SettingsError(f"'{key}' in {source} must be a list of names, not {value!r}", f'E.g. {key} = ["ops"]')
    return tuple(value)


def _flag(key: str, value: Any, source: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    found = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if found is None:
        raise SettingsError(f"'{key}' in {source} must be true or false, not {value!r}")
    return found


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
