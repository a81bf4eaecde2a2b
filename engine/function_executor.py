"""A plain function as an executor (behaviour.md 1.6)."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from engine.executor import BaseTask, executor_register
from engine.policy import NAMES

Function = TypeVar("Function", bound=Callable[..., Any])
ATTRIBUTES = ("output_schema", *NAMES)
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def function_executor(
    id: str,
    description: str = "",
    input_schema: dict[str, Any] | None = None,
    *,
    name: str | None = None,
    tags: Iterable[str] = (),
    examples: Iterable[Mapping[str, Any]] = (),
    override: bool = False,
    **attributes: Any,
) -> Callable[[Function], Function]:
    """Register the decorated sync or async function as an executor and return it unchanged.

    A function with one parameter called `inputs` gets the whole dict, any other gets its parameters by name. Without
    `input_schema` one is derived from annotations and defaults. `attributes` are those of `BaseTask` that say how it
    is run (`timeout=30`, `retries=2`, ...) and `output_schema`. Raises as `executor_register` does, and TypeError for
    an attribute that is none of these.
    """
    for attribute in attributes:
        if attribute not in ATTRIBUTES:
            raise TypeError(
                f"function_executor '{id}': unknown attribute {attribute!r}; known: {', '.join(ATTRIBUTES)}"
            )

    def decorate(function: Function) -> Function:
        parameters = [
            p
            for p in inspect.signature(function).parameters.values()
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        whole = len(parameters) == 1 and parameters[0].name == "inputs"
        known = {p.name for p in parameters}

        def call(self: BaseTask, inputs: dict[str, Any]) -> Any:
            return function(inputs) if whole else function(**{k: v for k, v in inputs.items() if k in known})

        async def call_async(self: BaseTask, inputs: dict[str, Any]) -> Any:
            return await call(self, inputs)

        body = {
            "id": id,
            "name": name or id,
            "description": description or inspect.getdoc(function) or "",
            "tags": tuple(tags),
            "examples": tuple(examples),
            "inputs_schema": input_schema or ({"type": "object"} if whole else schema_of(function)),
            **attributes,
            "execute": call_async if inspect.iscoroutinefunction(function) else call,
            "__module__": function.__module__,
            "__qualname__": function.__qualname__,
            "__doc__": function.__doc__,
        }
        executor_register(override=override)(type(function.__name__, (BaseTask,), body))
        return function

    return decorate


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The JSON Schema of a function's parameters; what has no default is required."""
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # an annotation that cannot be evaluated says nothing about the input
        hints = {}
    properties: dict[str, Any] = {}
    required = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        schema = _schema(hints.get(parameter.name, Any))
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        elif parameter.default is not None:
            default = parameter.default
            schema["default"] = default.value if isinstance(default, Enum) else default
        properties[parameter.name] = schema
    return {"type": "object", "properties": properties, "required": required}


def _schema(hint: Any) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        branches = [_schema(each) for each in inner]
        if all(set(branch) == {"type"} for branch in branches):
            return {"type": [branch["type"] for branch in branches]}
        return {"anyOf": branches}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    kind = origin or hint
    if kind in (list, set, tuple, frozenset):
        return {"type": "array", "items": _schema(inner[0])} if inner else {"type": "array"}
    if kind is dict:
        return {"type": "object", "additionalProperties": _schema(inner[1])} if inner else {"type": "object"}
    return {}
