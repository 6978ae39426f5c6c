"""What the generated sources are made of."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, Any, NewType, Union

import strawberry
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission
from strawberry.scalars import JSON

from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import (
    Conceal,
    HasPermission,
    HasRole,
    IsAuthenticated,
    Reject,
    rule,
)

__all__ = [
    "JSON",
    "PERMISSIONS",
    "SCALARS",
    "SIGNED_IN",
    "Annotated",
    "Conceal",
    "Extended",
    "Node",
    "Odd",
    "P",
    "Q",
    "R",
    "Reject",
    "Renamed",
    "Stranger",
    "Timed",
    "Union",
    "datetime",
    "decimal",
    "enum",
    "given",
    "later_odd",
    "odd",
    "strawberry",
    "uuid",
    "vague",
]

PERMISSIONS = {"p:read": "", "q:read": ""}
P: Any = HasPermission("p:read")
Q: Any = HasPermission("q:read")
R: Any = HasRole("r")
SIGNED_IN: Any = IsAuthenticated()


@rule
def odd(_who: Principal, objects: Any) -> list[bool]:
    return [getattr(one, "n", 0) % 2 == 1 for one in objects]


@rule
async def later_odd(_who: Principal, objects: Any) -> list[bool]:
    return [getattr(one, "n", 0) % 2 == 1 for one in objects]


@rule
def vague(_who: Principal, objects: Any) -> list[Any]:
    """Answer for some objects with what is no answer, which denies."""
    return [[True, False, "yes"][getattr(one, "n", 0) % 3] for one in objects]


@rule
def given(_who: Principal, objects: Any, arguments: Any) -> list[bool]:
    """Look at the arguments, too."""
    return [len(repr(arguments)) % 2 == getattr(one, "n", 0) % 2 for one in objects]


class Stranger(BasePermission):
    """A permission of Strawberry's kind, which is asked about each object."""

    message = "not yours"
    error_extensions = {"own": 1}  # noqa: RUF012 -- as Strawberry declares it

    def has_permission(self, source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        return getattr(source, "n", 0) % 2 == len(info.field_name) % 2


def _odd(value: Any) -> Any:
    if not isinstance(value, int) or value % 2 == 0:
        raise ValueError(f"{value!r} is not odd")
    return value


Odd = NewType("Odd", int)
SCALARS: Any = {Odd: strawberry.scalar(name="Odd", serialize=_odd, parse_value=_odd)}


class Node:
    """An object whose attributes are looked up in the world that it is from."""

    n: strawberry.Private[int]
    world: strawberry.Private[Any]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.n}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in {"n", "world"}:
            raise AttributeError(name)
        return self.world.read(name, self.n)


class Extended(FieldExtension):
    """Sees each call of a resolver, and says so."""

    def resolve(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        info.context.calls.append(("extension", info.field_name, ""))
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        info.context.calls.append(("extension", info.field_name, ""))
        return await next_(source, info, **arguments)


class Timed(SchemaExtension):
    """Stands around the whole operation."""

    def on_execute(self) -> Iterator[None]:
        self.execution_context.context.calls.append(("begin", "", ""))
        yield
        self.execution_context.context.calls.append(("end", "", ""))

    def get_results(self) -> dict[str, Any]:
        return {"timed": True}


class Renamed(SchemaExtension):
    """Stands around each resolver, and changes what it returns."""

    def resolve(
        self, _next: Callable[..., Any], root: Any, info: Any, *args: str, **arguments: Any
    ) -> Any:
        result = _next(root, info, *args, **arguments)
        return f"<{result}>" if isinstance(result, str) else result
