"""The contract with Strawberry: the private names that ``graph_api.Schema`` stands on.

When Strawberry moves one, this fails and names it, before a rule ceases to hold without a word.
"""

import inspect
import re
from importlib.metadata import requires, version
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, parse
from packaging.requirements import Requirement
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.schema.schema import Schema as Stock
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext
from strawberry.types.arguments import convert_arguments
from strawberry.types.execution import PreExecutionError

from graph_api.authorization.rulebook import DEFINITION
from graph_api.authorization.rules import HasRole, Public
from graph_api.execution.plan import Plan
from graph_api.execution.resolvers import are_cast, own_class_of
from graph_api.execution.result import NotExecuted
from graph_api.execution.schema import Schema


class Permission(BasePermission):
    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return True


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Permission], metadata={"of": "ours"})
    def name(self, part: str = "x") -> str | None:
        return part


@strawberry.type
class Guarded:
    a: int | None = strawberry.field(permission_classes=[HasRole("admin")])


STOCK = Stock(Query)


@pytest.mark.parametrize("package", ["strawberry-graphql", "graphql-core"])
def test_the_versions_are_those_that_this_was_tried_with(package: str) -> None:
    [wanted] = [
        each for text in requires("graph-api") or () if (each := Requirement(text)).name == package
    ]
    assert version(package) in wanted.specifier
    assert "<" in str(wanted.specifier), "the next minor version may move a private name"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_get_execute_function", ["self"]),
        ("_get_custom_context_kwargs", ["self", "operation_extensions", "sync"]),
        ("get_fields", ["self", "type_definition"]),
        ("get_extensions", ["self", "sync"]),
        ("process_errors", ["self", "errors", "execution_context"]),
    ],
)
def test_the_methods_that_we_override_are_there(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(Stock, name)).parameters) == parameters
    assert name in vars(Schema)


def test_what_we_hand_on_to_execution_says_whether_it_can_wait() -> None:
    assert "sync=True" in inspect.getsource(Stock.execute_sync)
    assert "sync=True" not in inspect.getsource(Stock.execute)


def test_each_way_to_execute_asks_for_the_function_that_we_wrap() -> None:
    for way in (Stock.execute, Stock.execute_sync, Stock._stream_non_subscription):
        assert "_get_execute_function()" in inspect.getsource(way)


def test_each_way_to_execute_hands_on_the_list_of_errors_itself() -> None:
    """What tells a rejected operation from one that ran is the class of that list."""
    schema = Schema(Guarded, roles={"admin": []})
    assert isinstance(schema.execute_sync("{ a }"), NotExecuted)


def test_the_converter_reads_fields_by_get_fields() -> None:
    assert STOCK.schema_converter.get_fields == STOCK.get_fields


def test_the_graphql_core_schema_knows_ours_and_each_element_its_definition() -> None:
    assert isinstance(STOCK._schema, GraphQLSchema)
    assert STOCK._schema._strawberry_schema is STOCK  # type: ignore[attr-defined]
    field = STOCK._schema.query_type.fields["name"]
    assert field.extensions[DEFINITION].metadata == {"of": "ours"}
    assert field.args["part"].extensions[DEFINITION].python_name == "part"
    assert STOCK._schema.query_type.extensions[DEFINITION].origin is Query


def test_permission_classes_become_the_last_extension_of_the_field() -> None:
    [field] = Query.__strawberry_definition__.fields  # type: ignore[attr-defined]
    last = field.extensions[-1]
    assert isinstance(last, PermissionExtension)
    assert isinstance(last, FieldExtension)
    assert [type(each) for each in last.permissions] == field.permission_classes == [Permission]


def test_an_entry_of_permission_classes_is_called_to_get_a_permission() -> None:
    mine: Any = HasRole("admin")
    field: Any = strawberry.field(permission_classes=[mine])
    assert field.extensions[-1].permissions == [mine]


def test_it_validates_by_the_two_rules_that_we_add_to_the_specifications() -> None:
    added = re.findall(r"(\w+Rule),", inspect.getsource(validate_document))
    assert added == ["MaybeNullValidationRule", "OneOfInputValidationRule"]


def test_the_functions_that_we_borrow_take_what_we_give() -> None:
    assert {"value", "arguments", "scalar_registry", "config"} <= inspect.signature(
        convert_arguments
    ).parameters.keys()
    assert {"_raw_info", "_field"} <= inspect.signature(STOCK.config.info_class).parameters.keys()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        (
            "complete_iterable_value",
            ["item_type", "field_details_list", "info", "path", "items", "position_context"],
        ),
        ("collect_subfields", ["return_type", "field_details_list"]),
        ("build_resolve_info", ["field_def", "field_nodes", "parent_type", "path"]),
    ],
)
def test_the_executor_completes_lists_by_the_method_that_judges_them(
    name: str, parameters: list[str]
) -> None:
    executor = Schema(Guarded, roles={"admin": []}).execution_context_class
    assert issubclass(executor, STOCK.execution_context_class)
    assert list(inspect.signature(getattr(executor, name)).parameters) == ["self", *parameters]
    assert "self.complete_iterable_value(" in inspect.getsource(executor.complete_list_value)
    assert "self.execution_context_class" in inspect.getsource(Stock._execute_operation)


def test_the_execution_context_has_the_fields_that_our_extension_sets() -> None:
    fields = ExecutionContext.__dataclass_fields__
    assert {
        "query",
        "graphql_document",
        "pre_execution_errors",
        "validation_rules",
    } <= fields.keys()
    assert PreExecutionError.__mro__[1] is strawberry.types.ExecutionResult


def test_a_plan_finds_the_functions_behind_resolvers() -> None:
    """Strawberry closes its resolvers over the field, by names that it keeps to itself."""

    @strawberry.type
    class Query:
        plain: int = strawberry.field(permission_classes=[Public()], default=1)

        @strawberry.field(permission_classes=[Public()])
        def sync(self) -> int:
            return 1

        @strawberry.field(permission_classes=[Public()])
        async def later(self) -> int:
            return 1

    schema = Schema(Query)
    operation: Any = parse("{ plain sync later }").definitions[0]
    plan = Plan(schema._schema, operation, {}, {})
    plain, sync, later = plan.root.fields
    assert plain.read is not None
    assert sync.call is not None
    assert later.call is not None


def test_the_class_of_a_type_that_implements_an_interface_is_known() -> None:
    @strawberry.interface
    class Named:
        name: str | None

    @strawberry.type
    class Person(Named):
        age: int | None

    @strawberry.type
    class Root:
        person: Person | None

    of_type: Any = Stock(Root)._schema.type_map["Person"]
    assert own_class_of(of_type.is_type_of) is Person
    assert own_class_of(lambda _object, _info: True) is None
    assert not are_cast([Person(name="a", age=1)])
    assert are_cast([Person(name="a", age=1), strawberry.cast(Person, Person(name="a", age=1))])
