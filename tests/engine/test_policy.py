"""Timeouts, retries and limits as data: attributes and params, delays, what is refused (behaviour.md 4.7)."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Engine, TaskError
from engine.making import make_task
from engine.policy import DEFAULT, JITTER, LONGEST_DELAY, NAMES, NEVER_RETRIED, Policy, policy_of, problem_of_params


def kinds_of(error: type[BaseException]) -> tuple[str, ...]:
    return tuple(each.__name__ for each in error.__mro__)


def test_4_7_retries_count_the_attempts_after_the_first() -> None:
    policy = Policy(retries=2, retry_delay=3)
    assert [policy.delay(attempt, "ValueError") for attempt in (1, 2, 3, 4)] == [3, 3, None, None]
    assert DEFAULT.delay(1, "ValueError") is None


def test_4_7_an_exponential_delay_doubles_varies_and_is_bounded() -> None:
    policy = Policy(retries=5000, retry_delay=2, retry_backoff="exponential")
    for attempt, middle in ((1, 2.0), (2, 4.0), (3, 8.0), (8, 256.0)):
        drawn = [policy.delay(attempt, "E") for _ in range(200)]
        assert all(d is not None and middle * (1 - JITTER) <= d <= middle * (1 + JITTER) for d in drawn)
        assert len(set(drawn)) > 100
    for attempt in (30, 200, 5000):
        late = policy.delay(attempt, "E")
        assert late is not None and LONGEST_DELAY * (1 - JITTER) <= late <= LONGEST_DELAY * (1 + JITTER)


def test_4_7_a_fixed_delay_does_not_vary_and_may_be_nothing() -> None:
    policy = Policy(retries=100, retry_delay=0.5)
    assert {policy.delay(attempt, "E") for attempt in range(1, 101)} == {0.5}
    assert Policy(retries=1, retry_delay=0).delay(1, "E") == 0
    assert Policy(retries=1, retry_delay=0, retry_backoff="exponential").delay(1, "E") == 0


@pytest.mark.parametrize(
    ("retry_on", "error_type", "kinds", "again"),
    [
        ((), "ValueError", kinds_of(ValueError), True),
        (("ValueError",), "ValueError", kinds_of(ValueError), True),
        (("OSError",), "ConnectionResetError", kinds_of(ConnectionResetError), True),
        (("ConnectionError",), "ConnectionResetError", kinds_of(ConnectionResetError), True),
        (("ConnectionResetError",), "OSError", kinds_of(OSError), False),
        (("KeyError",), "ValueError", kinds_of(ValueError), False),
        (("KeyError", "ValueError"), "ValueError", kinds_of(ValueError), True),
        (("rate_limited",), "rate_limited", (), True),
        (("rate_limited",), "failed", (), False),
        (("timeout_error",), "timeout_error", (), True),
        (("ValueError",), None, (), False),
    ],
)
def test_4_7_retry_on_takes_classes_base_classes_and_kinds_of_failure(
    retry_on: tuple[str, ...], error_type: str | None, kinds: tuple[str, ...], again: bool
) -> None:
    assert (Policy(retries=1, retry_on=retry_on).delay(1, error_type, kinds) is not None) is again


@pytest.mark.parametrize("error_type", sorted(NEVER_RETRIED))
def test_4_7_what_another_attempt_cannot_cure_is_never_retried(error_type: str) -> None:
    assert Policy(retries=9).delay(1, error_type) is None
    assert Policy(retries=9, retry_on=(error_type,)).delay(1, error_type) is None


def test_4_7_validation_failures_are_among_them() -> None:
    assert {"validation_error", "schema_error", "unknown_executor"} <= NEVER_RETRIED


def test_4_7_attributes_are_read_whatever_the_class_does() -> None:
    class Source:
        timeout = 5
        retries = 2
        retry_delay = 0
        retry_backoff = "exponential"
        retry_on = (ValueError, "rate_limited")
        max_concurrent = 3
        pool = "gpu"
        retry_safe = True

    told: list[str] = []
    policy = policy_of(Source, lambda name, why: told.append(name))
    assert policy == Policy(5.0, 2, 0.0, "exponential", ("ValueError", "rate_limited"), 3, "gpu", True)
    assert told == []

    class Odd:
        timeout = "soon"
        retries = -1
        retry_on = 5
        pool = 3
        retry_delay = None

        @property
        def max_concurrent(self) -> int:
            raise SystemExit("not today")

    assert policy_of(Odd(), lambda name, why: told.append(name)) == DEFAULT
    assert sorted(told) == ["max_concurrent", "pool", "retries", "retry_on", "timeout"]
    assert policy_of(object(), lambda name, why: told.append("none")) is policy_of(object(), lambda name, why: None)


def test_4_7_params_go_before_attributes_one_by_one() -> None:
    attributes = Policy(timeout=9, retries=4, retry_on=("ValueError",), pool="gpu", max_concurrent=2)
    policy = attributes.with_params({"timeout": 1, "retries": 0, "retry_on": [], "executor_id": "x", "pool": None})
    assert policy == Policy(timeout=1, retries=0, retry_on=(), pool="gpu", max_concurrent=2)
    assert attributes.with_params({"pool": ""}).pool == ""
    assert attributes.with_params({"executor_id": "x"}) is attributes


WRONG: list[tuple[str, Any]] = [
    *(("timeout", value) for value in (0, -1, "5", True, False, float("inf"), float("nan"), [])),
    *(("retries", value) for value in (-1, 1.5, "3", True)),
    *(("retry_delay", value) for value in (-0.1, "1", True, float("nan"))),
    *(("retry_backoff", value) for value in ("linear", 2, "")),
    *(("retry_on", value) for value in (3, [1], [""], "", {"a": 1}.values())),
    *(("max_concurrent", value) for value in (0, -1, 2.0, "2", True)),
    *(("pool", value) for value in (1, ["gpu"], True)),
    *(("retry_safe", value) for value in (1, 0, "yes")),
    *(("isolation", value) for value in ("Process", "", True, 1)),
    *(("memory_limit", value) for value in (0, -1, 512, "1 GiB", 2.0**30, True)),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_4_7_wrong_params_are_told_with_their_name(name: str, value: Any) -> None:
    said = problem_of_params({name: value})
    assert said is not None and said.startswith(f"params.{name}: it must")
    with pytest.raises(ValueError, match="it must"):
        DEFAULT.with_params({name: value})


def test_4_7_every_name_of_a_policy_has_a_wrong_value_above() -> None:
    assert {name for name, _ in WRONG} == set(NAMES)
    assert problem_of_params(dict.fromkeys(NAMES)) is None


def test_4_7_a_task_with_wrong_params_is_refused_by_its_name() -> None:
    with pytest.raises(TaskError, match=r"task 'fetch': params\.retries: .* not 'many'") as caught:
        make_task("fetch", params={"retries": "many"})
    assert caught.value.hint


async def test_4_7_params_that_became_wrong_before_the_submit_store_nothing(engine: Engine, noop: None) -> None:
    from engine import TaskTreeNode

    task = engine.new_task("noop")
    task.params = {"timeout": "soon"}
    with pytest.raises(TaskError, match=r"task 'noop'.*params\.timeout"):
        await engine.submit(TaskTreeNode(task))
    assert await engine.task(task.id) is None
    assert not engine.dispatcher.trees


async def test_4_7_wrong_attributes_are_a_problem_of_the_catalogue_and_the_executor_runs(register, run, engine) -> None:
    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        return None

    register("odd", execute, retries="often", timeout=30)
    assert any("retries" in problem.text for problem in engine.catalogue.problems)
    spec = engine.catalogue.get("odd")
    assert spec is not None and (spec.policy.retries, spec.policy.timeout) == (0, 30.0)
    assert (await run("odd")).status == "completed"
