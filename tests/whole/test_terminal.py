"""The whole story in a real terminal: tmux, real keys, real files, a real kill."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole.tmux import Terminal

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (Debian: apt install tmux)"),
    pytest.mark.timeout(180),
]
GREETING = """
from aipartnerupflow import BaseTask, executor_register

@executor_register()
class GreetingExecutor(BaseTask):
    id = "greeting_executor"
    name = "Greeting Executor"
    description = "Creates personalized greeting messages"

    async def execute(self, inputs):
        return {"greeting": f"Hello, {inputs['name']}!"}

    def get_input_schema(self):
        return {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
"""


@pytest.fixture(params=[(120, 36), (80, 24)], ids=["120x36", "80x24"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, *request.param)
    made.executors.mkdir()
    (made.executors / "greeting_executor.py").write_text(GREETING)
    made.start()
    try:
        made.sees("greeting_executor")
        yield made
    finally:
        made.end()


def test_a_task_is_launched_by_keys_and_its_file_is_live(terminal: Terminal) -> None:
    terminal.launch("greet", "Alice")
    terminal.sees("Hello, Alice!")
    file = terminal.executors / "greeting_executor.py"
    file.write_text(GREETING.replace("Greeting Executor", "Renamed Greeter"))
    terminal.sees("greeting_executor changed")
    file.write_text(GREETING + "\ndef broken(:\n")
    terminal.sees("SyntaxError")
    terminal.keys("1")
    terminal.sees("1 problem")
    terminal.launch("greet", "Bob")  # the last good version goes on working
    terminal.sees("Hello, Bob!")
    terminal.keys("q")
    terminal.sees("EXIT 0")


def test_a_command_shows_lines_as_they_come_and_c_ends_it(terminal: Terminal) -> None:
    terminal.launch("command", "for i in 1 2 3; do echo line $i; sleep 20; done")
    terminal.sees("line 1")
    process = terminal.process()
    assert any("sleep" in " ".join(p.cmdline()) for p in process.children(recursive=True))
    terminal.keys("c")
    terminal.sees("cancelled")
    assert not [p for p in process.children(recursive=True) if "sleep 20" in " ".join(p.cmdline())]


def test_after_kill_9_the_history_is_there_and_the_task_is_interrupted(terminal: Terminal) -> None:
    terminal.launch("greet", "Alice")
    terminal.sees("Hello, Alice!")
    terminal.launch("wait", "60")
    terminal.sees("running")
    terminal.process().send_signal(signal.SIGKILL)
    terminal.sees("EXIT 137")
    terminal.end()
    terminal.start()
    terminal.sees("greeting_executor")
    terminal.keys("2")
    terminal.sees("interrupted")
    screen = terminal.screen()
    assert "wait" in screen and "greeting_executor" in screen
