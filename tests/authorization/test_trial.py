"""``Trial(rule)``: a rule on a live schema that denies nobody, and says whom it would."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
import strawberry

from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import (
    Carrier,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    Rule,
    Trial,
    rule,
)
from graph_api.errors import ConfigurationError
from graph_api.execution.schema import Schema
from tests.authorization.callers import Caller, anonymous, caller

pytestmark = pytest.mark.anyio

asked: list[int] = []


@rule
async def owns(who: Principal, rows: Sequence["Row"]) -> Sequence[bool]:
    asked.append(len(rows))
    return [row.owner == who.subject for row in rows]


@rule
def breaks(_who: Principal, _rows: Sequence[Any]) -> Sequence[bool]:
    raise RuntimeError("no such table")


ADMIN: Any = HasRole("admin")


@strawberry.type(directives=[Carrier()])
class Row:
    owner: strawberry.Private[str]
    name: str | None = strawberry.field(permission_classes=[Trial(ADMIN)], default="name")
    email: str | None = strawberry.field(
        permission_classes=[IsSelf(by="owner"), Trial(ADMIN)], default="email"
    )
    text: str | None = strawberry.field(permission_classes=[Trial(owns)], default="text")
    mine: bool | None = strawberry.field(
        permission_classes=[Trial(IsSelf(by="owner"))], default=True
    )
    broken: str | None = strawberry.field(permission_classes=[Trial(breaks)], default="broken")

    @strawberry.field(permission_classes=[Trial(owns)])
    async def late(self, loud: bool = False) -> str | None:
        return "LATE" if loud else "late"


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def rows(self) -> list[Row]:
        return [Row(owner=f"usr_{number % 2}") for number in range(4)]

    @strawberry.field(
        permission_classes=[IsAuthenticated(), Trial(ADMIN | HasPermission("row:read"))]
    )
    def secret(self) -> str | None:
        return "secret"


DECLARED: Any = {"permissions": {"row:read": ""}, "roles": {"admin": []}}
SCHEMA = Schema(Query, **DECLARED)


@pytest.fixture(autouse=True)
def _nobody_was_asked() -> None:
    asked.clear()


async def trials_of(
    caplog: pytest.LogCaptureFixture, document: str, who: Caller | None = None
) -> list[str]:
    """Return what trials said; the document must be answered without an error."""
    caplog.clear()
    result = await SCHEMA.execute(document, context_value=who or caller())
    assert result.errors is None
    said = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    return [each.partition(", ")[0] for each in said]


class TestDenies:
    async def test_nobody(self) -> None:
        who = caller()
        result = await SCHEMA.execute(
            "{ secret rows { name text mine broken late(loud: true) } }", context_value=who
        )
        row = {"name": "name", "text": "text", "mine": True, "broken": "broken", "late": "LATE"}
        assert (result.data, result.errors) == ({"secret": "secret", "rows": [row] * 4}, None)

    async def test_nobody_of_a_stock_schema(self) -> None:
        result = await strawberry.Schema(Query).execute(
            "{ secret rows { name } }", context_value=caller()
        )
        assert (result.data, result.errors) == (
            {"secret": "secret", "rows": [{"name": "name"}] * 4},
            None,
        )

    async def test_whom_the_rule_denies_that_is_there_already(self) -> None:
        result = await SCHEMA.execute("{ secret rows { email } }", context_value=caller())
        assert result.data is not None
        assert result.data["rows"] == [{"email": None}, {"email": "email"}] * 2
        result = await SCHEMA.execute("{ secret rows { name } }", context_value=anonymous())
        assert result.data == {"secret": None, "rows": [{"name": "name"}] * 4}


class TestSays:
    async def test_what_it_would_deny_once_for_each_position(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert await trials_of(caplog, "{ rows { name again: name } secret }") == [
            "Trial: would deny Row.name (role(admin))",
            "Trial: would deny Row.name (role(admin))",
            "Trial: would deny Query.secret (role(admin) | permission(row:read))",
        ]

    async def test_nothing_of_whom_it_would_allow(self, caplog: pytest.LogCaptureFixture) -> None:
        admin = caller(roles=("admin",))
        assert await trials_of(caplog, "{ secret rows { name } }", admin) == []

    async def test_how_often_since_the_start(self, caplog: pytest.LogCaptureFixture) -> None:
        schema = Schema(Query, **DECLARED)
        for _ in range(2):
            await schema.execute("{ secret }", context_value=caller())
        said = [each.getMessage() for each in caplog.records]
        assert [each.rpartition(", ")[2] for each in said] == ["1 so far.", "2 so far."]

    async def test_what_a_rule_over_objects_would_deny_asked_once_for_a_list(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        said = ["Trial: would deny Row.text (owns)", "Trial: would deny Row.late (owns)"]
        assert await trials_of(caplog, "{ rows { text late } }") == said
        assert asked == [4, 4]

    def test_the_same_without_a_loop(self, caplog: pytest.LogCaptureFixture) -> None:
        result = SCHEMA.execute_sync("{ rows { mine } }", context_value=caller())
        assert (result.data, result.errors) == ({"rows": [{"mine": True}] * 4}, None)
        assert [each.getMessage().partition(", ")[0] for each in caplog.records] == [
            "Trial: would deny Row.mine (self(owner))"
        ]


class TestIsNoRule:
    def test_it_is_listed_not_printed(self) -> None:
        assert {name: each.rule for name, each in SCHEMA.rules.trials.items()} == {
            "Query.secret": "role(admin) | permission(row:read)",
            "Row.broken": "breaks",
            "Row.email": "role(admin)",
            "Row.late": "owns",
            "Row.mine": "self(owner)",
            "Row.name": "role(admin)",
            "Row.text": "owns",
        }
        assert "admin" not in str(SCHEMA)
        assert "Tried" not in str(SCHEMA)
        assert SCHEMA.rules.fields["Row.name"].rule == "carrier"

    def test_it_covers_no_field(self) -> None:
        @strawberry.type
        class Root:
            name: str | None = strawberry.field(permission_classes=[Trial(ADMIN)], default="n")

        with pytest.raises(ConfigurationError, match=r"No rule covers:\n  - Root\.name"):
            Schema(Root, **DECLARED)

    def test_it_names_what_is_declared(self) -> None:
        with pytest.raises(ConfigurationError, match=r"names role\(admin\), which is not declared"):
            Schema(Query, permissions={"row:read": ""})

    def test_it_stands_in_no_directives(self) -> None:
        @strawberry.type(directives=[Public(), Trial(ADMIN)])
        class Root:
            name: str | None = "n"

        with pytest.raises(ConfigurationError, match=r"Trial\(role\(admin\)\) holds nothing"):
            Schema(Root, **DECLARED)

    def test_it_is_no_part_of_a_rule(self) -> None:
        trial: Any = Trial(ADMIN)
        for compose in (
            lambda: ADMIN | trial,
            lambda: trial | ADMIN,
            lambda: ADMIN & trial,
            lambda: Rule.of(trial),
            lambda: Trial(trial),
        ):
            with pytest.raises(ConfigurationError, match=r"Trial\(role\(admin\)\) holds nothing"):
                compose()
