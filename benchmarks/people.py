"""The people whom the benchmarks ask for, and schemas that have them in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import strawberry
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.permission import BasePermission

from graph_api import Principal, Public, Schema

PERMISSION = "person:read"
READER = Principal("usr_1", "ses_1", frozenset(), frozenset({PERMISSION}))
STRANGER = Principal("usr_2", "ses_2", frozenset(), frozenset())
BORN = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Context:
    """Who asks."""

    principal: Principal


class MayRead(BasePermission):
    """What our rule says, Strawberry's own way."""

    message = "You may not read people."

    def has_permission(self, source: Any, info: strawberry.Info, **_: Any) -> bool:  # noqa: D102
        return PERMISSION in info.context.principal.permissions


def columns(number: int) -> dict[str, Any]:
    """Return the five fields of one of them."""
    return {
        "id": f"per_{number:06}",
        "name": f"Ada Lovelace the {number}.",
        "email": f"ada.{number}@example.com",
        "age": 20 + number % 60,
        "created_at": BORN + timedelta(minutes=number),
    }


def ours(rule: Any, rows: int, **options: Any) -> Schema:
    """Return our schema, with a rule on every field of a person."""
    query = _query(rule, Public(), rows)
    return Schema(query, permissions={PERMISSION: "Read people."}, **options)


def stock(rows: int, *, max_documents: int = 100) -> strawberry.Schema:
    """Return Strawberry's own schema with permission classes, and its caches on."""
    return strawberry.Schema(
        _query(MayRead, None, rows),
        extensions=[
            lambda: ParserCache(maxsize=max_documents),
            lambda: ValidationCache(maxsize=max_documents),
        ],
    )


def _query(on_fields: Any, on_root: Any, rows: int) -> type:
    def guarded() -> Any:
        return strawberry.field(permission_classes=[on_fields])

    @strawberry.type
    class Person:
        id: strawberry.ID | None = guarded()
        name: str | None = guarded()
        email: str | None = guarded()
        age: int | None = guarded()
        created_at: datetime | None = guarded()
        roles: list[str] | None = guarded()

    people = [Person(**columns(number), roles=["reader"]) for number in range(rows)]
    open_to_all: Mapping[str, Any] = {"permission_classes": [on_root]} if on_root else {}

    @strawberry.type
    class Query:
        @strawberry.field(**open_to_all)
        def people(self) -> list[Person]:
            return people

        @strawberry.field(**open_to_all)
        def me(self) -> Person | None:
            return people[0]

    return Query
