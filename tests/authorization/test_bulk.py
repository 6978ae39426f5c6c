"""Object rules over lists: asked once for all rows, which then are read without a wait."""

import asyncio
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionResult

from graph_api.authorization.principal import Principal
from graph_api.authorization.rulebook import ACTING
from graph_api.authorization.rules import Carrier, HasPermission, Public, rule
from graph_api.execution.schema import Schema
from tests.authorization.callers import Caller, caller, principal

pytestmark = pytest.mark.anyio

FRAGMENT = "fragment F on Row { text }"
asked: list[list[str]] = []
"""The ids that the rule ``owns`` was asked about, batch by batch."""


@pytest.fixture(autouse=True)
def _nobody_was_asked() -> None:
    asked.clear()


@rule
async def owns(who: Principal, rows: Sequence[Any]) -> Sequence[bool]:
    asked.append([row.id for row in rows])
    await asyncio.sleep(0)
    return [row.owner == who.subject for row in rows]


@rule
def breaks(_who: Principal, _rows: Sequence[Any]) -> Sequence[bool]:
    raise RuntimeError("no such table")


@rule
def miscounts(_who: Principal, rows: Sequence[Any]) -> Sequence[bool]:
    return [True] * (len(rows) + 1)


@rule
def says_one(_who: Principal, rows: Sequence[Any]) -> Any:
    return [True, 1] * len(rows)


@rule
def is_asked_with(who: Principal, _rows: Sequence[Any], *, info: Any, arguments: Any) -> Any:
    return [info.field_name == "seen" and arguments == {"of": who.subject}] * len(_rows)


PUBLIC: Any = [Public()]


@strawberry.type(directives=[Carrier()])
class Row:
    """Instances are equal by value, and so have no hash."""

    id: str
    owner: str = "usr_1"
    text: str | None = strawberry.field(permission_classes=[owns], default="text")
    title: str | None = strawberry.field(
        permission_classes=[HasPermission("row:read") | owns], default="title"
    )
    broken: str | None = strawberry.field(permission_classes=[~breaks], default="broken")
    counted: str | None = strawberry.field(permission_classes=[miscounts], default="counted")
    said: str | None = strawberry.field(permission_classes=[says_one], default="said")

    @strawberry.field(permission_classes=[is_asked_with])
    def seen(self, of: str) -> str | None:
        return of

    @strawberry.field(permission_classes=[owns])
    async def late(self) -> str | None:
        return f"late {self.id}"

    @strawberry.field
    def parts(self) -> list["Row"]:
        return rows_of(f"{self.id}a", f"{self.id}b")


def rows_of(*ids: str) -> list[Row]:
    return [Row(id=each, owner=f"usr_{index % 2}") for index, each in enumerate(ids)]


@strawberry.type(directives=[Carrier()])
class SignedIn:
    @strawberry.field(metadata={ACTING: lambda _: principal(subject="usr_0")})
    def rows(self) -> list[Row]:
        return rows_of("3", "4")


@strawberry.type
class Query:
    @strawberry.field(permission_classes=PUBLIC)
    def rows(self, info: strawberry.Info, count: int = 4) -> list[Row | None] | None:
        return [*rows_of(*map(str, range(count)))]

    @strawberry.field(permission_classes=PUBLIC)
    def matrix(self) -> list[list[Row]]:
        return [rows_of("0", "1"), [], rows_of("2", "3")]

    @strawberry.field(permission_classes=PUBLIC)
    def twice(self) -> list[Row]:
        one, other = rows_of("0", "1")
        return [other, one, other]

    @strawberry.field(permission_classes=PUBLIC)
    def mixed(self) -> list[Row | None]:
        failed: Any = GraphQLError("lost")
        return [None, Row(id="1"), failed, Row(id="2", owner="usr_0")]

    @strawberry.field(permission_classes=PUBLIC)
    def ducks(self) -> list[Row]:
        stored: Any = SimpleNamespace(id="1", owner="usr_1", text="stored")
        return [*rows_of("0", "1"), stored]

    @strawberry.field(permission_classes=PUBLIC)
    def awaited(self) -> list[Row]:
        async def row(each: Row) -> Row:
            return each

        several: Any = map(row, rows_of("0", "1"))
        return list(several)

    @strawberry.field(permission_classes=PUBLIC)
    def generated(self) -> list[Row]:
        def rows() -> Iterator[Row]:
            yield from rows_of("0", "1")

        several: Any = rows()
        return several  # type: ignore[no-any-return]  # Strawberry takes any iterable

    @strawberry.field(permission_classes=PUBLIC)
    def signed_in(self) -> SignedIn:
        return SignedIn()


SCHEMA = Schema(Query, permissions={"row:read": ""}, compiled=False)
PLANNED = Schema(Query, permissions={"row:read": ""})


async def run(document: str, who: Caller | None = None) -> ExecutionResult:
    return await SCHEMA.execute(document, context_value=who or caller())


async def texts(field: str) -> list[Any]:
    result = await run(f"{{ {field} {{ text }} }}")
    assert result.data is not None
    return [row and row["text"] for row in result.data[field]]


def paths_of(result: ExecutionResult) -> list[list[str | int]]:
    return [list(each.path or ()) for each in result.errors or ()]


async def tasks_of(document: str) -> int:
    """How many tasks an operation makes."""
    made: list[Any] = []

    def task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(task)
    try:
        assert (await run(document)).data
    finally:
        loop.set_task_factory(None)
    return len(made)


class TestOnce:
    async def test_the_rows_of_a_list_make_no_tasks(self) -> None:
        """Each row that waits is one, and these cost as much again as the list."""
        few, many = [
            await tasks_of(f"{{ rows(count: {count}) {{ text again: text title }} }}")
            for count in (2, 200)
        ]
        assert few == many

    async def test_each_place_in_the_document_asks(self) -> None:
        await run("{ rows { text again: text title } more: rows { ...F text } } " + FRAGMENT)
        assert asked == [["0", "1", "2", "3"]] * 4

    async def test_lists_within_lists_ask_together(self) -> None:
        result = await run("{ rows(count: 2) { parts { text } } matrix { text } }")
        assert sorted(asked) == [["0", "1", "2", "3"], ["0a", "0b", "1a", "1b"]]
        assert result.data is not None
        assert result.data["rows"] == [{"parts": [{"text": None}, {"text": "text"}]}] * 2
        row = [{"text": None}, {"text": "text"}]
        assert result.data["matrix"] == [row, [], row]

    async def test_nobody_is_asked_about_an_empty_list(self) -> None:
        assert (await run("{ rows(count: 0) { text } }")).data == {"rows": []}
        assert asked == []

    async def test_nobody_is_asked_where_the_grants_decide(self) -> None:
        result = await run("{ rows { title } }", caller("row:read"))
        assert (asked, result.errors) == ([], None)

    async def test_nobody_is_asked_about_what_is_skipped(self) -> None:
        await run("{ rows { id text @skip(if: true) ... @include(if: false) { title } } }")
        assert asked == []


class TestVerdicts:
    async def test_are_each_row_s_own(self) -> None:
        result = await run("{ rows { text late } }")
        assert result.data is not None
        assert result.data["rows"] == [
            {"text": None, "late": None},
            {"text": "text", "late": "late 1"},
            {"text": None, "late": None},
            {"text": "text", "late": "late 3"},
        ]
        assert paths_of(result) == [
            ["rows", row, key] for row in (0, 2) for key in ("text", "late")
        ]

    async def test_are_each_field_s_own_on_the_same_rows(self) -> None:
        """One of two fields with the rule ``owns`` is open to some by a permission."""
        result = await run("{ rows { text title } }", caller("row:read"))
        assert result.data is not None
        assert [tuple(row.values()) for row in result.data["rows"]] == [
            (None, "title"),
            ("text", "title"),
        ] * 2

    async def test_of_an_object_that_appears_twice_are_the_same(self) -> None:
        assert await texts("twice") == ["text", None, "text"]
        assert asked == [["1", "0"]]

    async def test_of_a_rule_that_raises_are_denials_under_not_too(self) -> None:
        result = await run("{ rows { id broken text } }")
        assert result.data is not None
        assert [row["broken"] for row in result.data["rows"]] == [None] * 4
        assert [row["text"] for row in result.data["rows"]] == [None, "text"] * 2

    async def test_are_asked_for_the_one_who_acts_there(self) -> None:
        result = await run("{ signedIn { rows { text } } rows(count: 2) { text } }")
        assert result.data == {
            "signedIn": {"rows": [{"text": "text"}, {"text": None}]},
            "rows": [{"text": None}, {"text": "text"}],
        }

    async def test_are_not_another_operation_s(self) -> None:
        document = "{ rows { text } }"
        mine, yours = await asyncio.gather(
            run(document, caller(subject="usr_0")), run(document, caller())
        )
        assert mine.data == {"rows": [{"text": "text"}, {"text": None}] * 2}
        assert yours.data == {"rows": [{"text": None}, {"text": "text"}] * 2}


class TestRows:
    async def test_that_are_null_or_failed_are_not_asked_about(self) -> None:
        assert await texts("mixed") == [None, "text", None, None]
        assert asked == [["1", "2"]]

    async def test_of_another_class_are_asked_about_as_well(self) -> None:
        assert await texts("ducks") == [None, "text", "stored"]
        assert sorted(asked) == [["0", "1"], ["1"]]

    @pytest.mark.parametrize("field", ["awaited", "generated"])
    async def test_may_come_late(self, field: str) -> None:
        assert await texts(field) == [None, "text"]
        assert asked == [["0", "1"]]


class TestPlans:
    """What stands above, on the other engine."""

    @pytest.mark.parametrize(
        "document",
        [
            "{ rows { text } }",
            "{ rows { id text title } }",
            "{ rows { title id text } }",
            "{ rows { id late text } }",
            "{ rows { id broken counted said } }",
            '{ rows { id seen(of: "usr_1") other: seen(of: "usr_2") } }',
            "{ rows { ...F ...F again: text id } } fragment F on Row { text title }",
            "{ rows(count: 0) { id text } }",
            "{ rows(count: 1) { id text } }",
            "{ rows(count: 2) { id parts { id text } } matrix { id text } }",
            "{ twice { id text } mixed { id text } ducks { id text } }",
            "{ awaited { id text } generated { id text } }",
        ],
    )
    @pytest.mark.parametrize("grants", [(), ("row:read",)])
    async def test_answer_the_same(self, document: str, grants: tuple[str, ...]) -> None:
        for who in (caller(*grants), caller(*grants, subject="usr_0")):
            found, expected = [
                await schema.execute(document, context_value=who) for schema in (PLANNED, SCHEMA)
            ]
            assert found.data == expected.data
            assert _told(found) == _told(expected)

    async def test_ask_once_for_all_rows(self) -> None:
        await PLANNED.execute("{ rows { id text title } }", context_value=caller())
        assert asked == [["0", "1", "2", "3"]] * 2
        assert not PLANNED.engine.refused


def _told(result: ExecutionResult) -> list[tuple[str, str]]:
    return sorted((str(each.path), each.message) for each in result.errors or ())


class TestExecutor:
    async def test_of_the_application_s_own_is_kept(self) -> None:
        class Own(StrawberryGraphQLCoreExecutionContext):
            @staticmethod
            def complete_leaf_value(return_type: Any, result: Any) -> Any:
                return f"own {result}"

        schema = Schema(Query, permissions={"row:read": ""}, execution_context_class=Own)
        result = await schema.execute("{ rows(count: 2) { text } }", context_value=caller())
        assert result.data == {"rows": [{"text": None}, {"text": "own text"}]}
