"""``Reject(rule)`` and ``Conceal(rule)``: the rule, and what happens to one whom it denies."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import strawberry

from graph_api.authorization.rules import (
    Carrier,
    Conceal,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    Reject,
    Rule,
)
from graph_api.authorization.text import InvalidRule, parse
from graph_api.errors import ConfigurationError
from graph_api.execution.result import NotExecuted
from graph_api.execution.schema import Schema
from tests.authorization.callers import anonymous, caller

pytestmark = pytest.mark.anyio

ADMIN: Any = HasRole("admin")


@strawberry.type(directives=[Reject(ADMIN)])
class Payroll:
    total: int | None = 1
    secret: int | None = strawberry.field(
        permission_classes=[Conceal(IsAuthenticated())], default=1
    )


@strawberry.type(directives=[Carrier()])
class Row:
    owner: strawberry.Private[str] = "usr_2"
    name: str | None = strawberry.field(permission_classes=[Public()], default="name")
    email: str | None = strawberry.field(permission_classes=[ADMIN], default="email")
    salary: int | None = strawberry.field(permission_classes=[Reject(ADMIN)], default=1)
    note: str | None = strawberry.field(
        permission_classes=[Reject(IsSelf(by="owner"))], default="note"
    )


@strawberry.type(directives=[ADMIN])
class Plans:
    budget: int | None = strawberry.field(permission_classes=[Reject(Public())], default=1)


@strawberry.interface(directives=[Carrier()])
class Asset:
    name: str | None = "name"
    price: int | None = None


@strawberry.type(directives=[Carrier()])
class Painting(Asset):
    price: int | None = strawberry.field(permission_classes=[Conceal(HasRole("hush"))], default=1)


@strawberry.type(directives=[Carrier()])
class House(Asset):
    price: int | None = strawberry.field(permission_classes=[ADMIN], default=1)


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def plans(self) -> Plans | None:
        return Plans()

    @strawberry.field(permission_classes=[Public()])
    def asset(self) -> Asset | None:
        return House()

    @strawberry.field(permission_classes=[Public()])
    def row(self, info: strawberry.Info) -> Row | None:
        info.context.calls.append("row")
        return Row()

    @strawberry.field(permission_classes=[Public()])
    def payroll(self) -> Payroll | None:
        return Payroll()

    @strawberry.field(permission_classes=[Public()])
    def count(
        self,
        hidden: Annotated[bool, strawberry.argument(directives=[Reject(ADMIN)])] = False,
    ) -> int | None:
        return 1


SCHEMA = Schema(Query, types=[Painting, House], roles={"admin": [], "hush": []})


class TestAReject:
    @pytest.mark.parametrize(
        "field",
        ["row { name salary }", "payroll { total }", "count(hidden: true)"],
        ids=["on a field", "on a type", "on an argument"],
    )
    async def test_runs_nothing_of_a_query_that_it_denies(self, field: str) -> None:
        who = caller()
        result = await SCHEMA.execute(f"{{ other: row {{ name }} {field} }}", context_value=who)
        assert isinstance(result, NotExecuted)
        assert (result.phase, who.calls) == ("authorization", [])

    async def test_wins_over_denied_fields_that_would_be_filtered(self) -> None:
        result = await SCHEMA.execute("{ row { email salary } }", context_value=caller())
        assert isinstance(result, NotExecuted)
        codes = [(each.extensions or {})["coordinate"] for each in result.errors or ()]
        assert codes == ["Row.email", "Row.salary"]

    async def test_does_nothing_to_those_whom_the_rule_allows(self) -> None:
        who = caller(roles=("admin",))
        result = await SCHEMA.execute("{ row { salary } payroll { total } }", context_value=who)
        assert (result.data, result.errors) == (
            {"row": {"salary": 1}, "payroll": {"total": 1}},
            None,
        )

    async def test_does_nothing_where_the_field_is_skipped(self) -> None:
        query = "query ($yes: Boolean!) { row { name salary @skip(if: $yes) } }"
        result = await SCHEMA.execute(query, {"yes": True}, context_value=caller())
        assert result.data == {"row": {"name": "name"}}

    async def test_rejects_for_an_anonymous_caller_of_a_rule_over_objects(self) -> None:
        """Nobody anonymous owns a thing, so the grants decide."""
        result = await SCHEMA.execute("{ row { name note } }", context_value=anonymous())
        assert isinstance(result, NotExecuted)

    async def test_nulls_what_is_known_too_late(self) -> None:
        result = await SCHEMA.execute("{ row { name note } }", context_value=caller())
        assert result.data == {"row": {"name": "name", "note": None}}

    async def test_says_what_is_needed_without_the_mode(self) -> None:
        result = await SCHEMA.execute("{ row { salary } }", context_value=caller())
        assert result.errors
        assert result.errors[0].message == "You may not use Row.salary. It needs: role(admin)"


class TestOfTheRuleItIs:
    @pytest.mark.parametrize("mode", [Reject, Conceal])
    def test_a_stock_schema_holds_it(self, mode: Any) -> None:
        @strawberry.type
        class Stock:
            @strawberry.field(permission_classes=[mode(ADMIN)])
            def secret(self) -> str | None:
                return "secret"

        stock = strawberry.Schema(Stock)
        denied = stock.execute_sync("{ secret }", context_value=caller())
        allowed = stock.execute_sync("{ secret }", context_value=caller(roles=("admin",)))
        assert (denied.data, allowed.data) == ({"secret": None}, {"secret": "secret"})

    def test_the_modes_are_kept_with_the_rules_of_the_type(self) -> None:
        rule = SCHEMA.rules.fields["Payroll.secret"]
        assert (rule.rejects, rule.conceals) == (True, True)

    async def test_the_mode_of_a_public_field_holds_what_its_type_denies(self) -> None:
        result = await SCHEMA.execute("{ __typename plans { budget } }", {}, caller())
        assert isinstance(result, NotExecuted)

    async def test_a_rule_that_conceals_is_not_told_as_one_of_an_interface(self) -> None:
        result = await SCHEMA.execute("{ asset { price } }", {}, caller())
        [error] = result.errors or []
        assert error.message == "Cannot query field 'price' on type 'Asset'."
        assert "hush" not in str(error.formatted)

    @pytest.mark.parametrize("mode", [Reject, Conceal])
    def test_it_stands_around_a_whole_rule(self, mode: Any) -> None:
        with pytest.raises(ConfigurationError, match="around a whole rule"):
            _ = mode(ADMIN) | Public()
        with pytest.raises(ConfigurationError, match="around a whole rule"):
            _ = Public() | mode(ADMIN)
        with pytest.raises(ConfigurationError, match="around a whole rule"):
            _ = ~mode(ADMIN)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Reject(ADMIN), "reject(role(admin))"),
        (Conceal(ADMIN), "conceal(role(admin))"),
        (Conceal(Reject(ADMIN)), "reject(conceal(role(admin)))"),
        (
            Reject((ADMIN | HasPermission("a:b")) & IsAuthenticated()),
            "reject((role(admin) | permission(a:b)) & authenticated)",
        ),
        (Conceal(ADMIN) & IsAuthenticated(), "conceal(role(admin) & authenticated)"),
        (Conceal(Public(ignores_bearer=True)), "conceal(public(ignoresBearer))"),
    ],
)
def test_it_is_printed_without_loss(rule: Rule, text: str) -> None:
    assert rule.rule == text
    assert parse(text) == rule


@pytest.mark.parametrize(
    "text", ["reject(role(admin)", "conceal(reject(public))", "reject(public) & public", "reject()"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InvalidRule):
        parse(text)


def test_it_stands_in_the_sdl() -> None:
    assert 'salary: Int @guard(rule: "reject(role(admin))")' in SCHEMA.as_str()
