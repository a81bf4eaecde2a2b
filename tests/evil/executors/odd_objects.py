"""Gives objects whose every method is a trap."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


def trap(*args: Any, **kwargs: Any) -> Any:
    raise KeyboardInterrupt("a trap")


class Trap(dict[str, Any]):
    get = items = keys = values = __iter__ = __getitem__ = __contains__ = __len__ = trap


class Rows(list[Any]):
    __iter__ = __len__ = __getitem__ = trap


class Equal:
    __eq__ = __ne__ = __hash__ = __repr__ = __str__ = __bool__ = trap


class Untold(Exception):
    __str__ = __repr__ = trap
    args = property(trap)  # type: ignore[assignment]


class Named(type):
    __name__ = property(trap)  # type: ignore[assignment]


class Nameless(Exception, metaclass=Named):
    pass


@executor_register()
class OddObjects(BaseTask):
    id = "odd_objects"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        what = inputs["what"]
        if what == "dict":
            return Trap(a=1)
        if what == "list":
            return {"rows": Rows([1, 2])}
        if what == "status":
            return {"status": Equal(), "error": "odd"}
        if what == "repr":
            return {"object": Equal()}
        if what == "error":
            raise Untold
        if what == "class":
            raise Nameless("x")
        if what == "huge int":
            return {"number": 10**10_000}
        if what == "coroutine":
            return {"later": self._later()}
        if what == "long error":
            raise ValueError("x" * 50_000_000)
        if what == "group":
            raise ExceptionGroup("several", [ValueError(1), ExceptionGroup("more", [KeyError("k")])])
        if what == "recursion":
            return self.execute_again()
        if what == "stop":
            raise StopIteration("odd")
        if what == "stop async":
            raise StopAsyncIteration("odd")
        if what == "endless file":
            exec(compile("raise ValueError('of a file that never ends')", "/dev/zero", "exec"))
        return {"unknown": what}

    async def _later(self) -> None:
        pass

    def execute_again(self) -> Any:
        return self.execute_again()
