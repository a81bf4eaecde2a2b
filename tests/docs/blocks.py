"""The code blocks of a Markdown page, and how each kind is run. What a block is stands after its language:

```python executor=greet.py     a file for the folder of executors: it loads without a problem, its examples run
```python test=test_greet.py    a pytest file beside those executors: it passes
```python script                a program: it ends with 0
```console                      commands after `$ `; each ends with 0, or with N where `# exit N` stands behind it
```yaml flow=deploy.flow.yaml   a file for the folder of executors too: it is checked
```toml settings                a settings.toml: it is read without a complaint; `toml keymap` likewise
```json, ```yaml                it can be read
```keys                         keys to press in the console, for the reader
"""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\S*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s+# exit (\d+)$")
LIMIT = 120


@dataclass(frozen=True)
class Block:
    """`line` is that of its first line in the page, from 1."""

    language: str
    kind: str
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    for found in _FENCE.finditer(page):
        yield Block(found[1], found[2].strip(), found[3], page.count("\n", 0, found.start()) + 2)


class Sandbox:
    """A person's home with a `taskdeck` on its path; what one block writes is there for the next ones of its page."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.work = home / "work"
        self.executors = home / "config" / "taskdeck" / "executors"
        programs = home / "bin"
        for folder in (self.work, self.executors, programs):
            folder.mkdir(parents=True)
        program = programs / "taskdeck"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui.cli "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TASKDECK_", "XDG_", "PYTEST"))}
        self.environment = {
            **kept,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_STATE_HOME": str(home / "state"),
            "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{self.executors}",
        }

    def run(self, *command: str, code: int = 0) -> None:
        done = subprocess.run(
            command, cwd=self.work, env=self.environment, capture_output=True, text=True, timeout=LIMIT, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = f"{done.stdout}{done.stderr}"
        assert done.returncode == code, f"{' '.join(command)} ended with {done.returncode}, not {code}:\n{said}"

    def try_out(self, block: Block) -> None:
        """Run a block as its kind says. Raises AssertionError for what does not hold, and for a kind that is none."""
        kind, _, name = block.kind.partition("=")
        match block.language, kind:
            case "python", "executor":
                self._add(name, block.text)
                self.run("taskdeck", "check", "--strict", str(self.executors))
                for text in block.text.split("@executor_register")[1:]:
                    if "examples = " in text and (id := re.search(r'^\s+id = "([^"]+)"', text, re.MULTILINE)):
                        self.run("taskdeck", "test", id[1])
            case "python", "test":
                self._add(name, block.text)
                self.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(self.executors / name))
                (self.executors / name).unlink()
            case "python", "script":
                self.run(sys.executable, "-c", block.text)
            case "console", "make":
                for target in re.findall(r"^\$ make (\S+)", block.text, re.MULTILINE):
                    self.run("make", "-n", "-C", str(ROOT), target)
            case "console", "":
                for line in block.text.splitlines():
                    if line.startswith("$ "):
                        code = _EXIT.search(line)
                        self.run("/bin/bash", "-c", _EXIT.sub("", line[2:]), code=int(code[1]) if code else 0)
            case "yaml" | "json", "flow":
                self._add(name, block.text)
                self.run("taskdeck", "check")
            case "toml", "settings":
                self._config("settings.toml", block.text)
                self.run("taskdeck", "list")
            case "toml", "keymap":
                from tui.keymap import load

                problems = load(self._config("keymap.toml", block.text)).problems
                assert not problems, "; ".join(problems)
            case "json", "":
                json.loads(block.text)
            case "yaml", "":
                yaml.safe_load(block.text)
            case "ini", "":
                configparser.ConfigParser().read_string(block.text)
            case "keys", "":
                pass
            case _:
                raise AssertionError(f"a block of no kind that is known: ```{block.language} {block.kind}")

    def _add(self, name: str, text: str) -> None:
        (self.executors / name).write_text(text, encoding="utf-8")

    def _config(self, name: str, text: str) -> Path:
        path = self.executors.parent / name
        path.write_text(text, encoding="utf-8")
        return path
