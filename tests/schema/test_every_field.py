"""Every field of our schema for every role: what the committed table says is decided and shown.

The table (``permissions.md``) is the oracle. From it alone follows which fields a caller can come
to; for each, a minimal operation that uses it must be decided so, and introspection must show just
these.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
    parse,
)

from graph_api.app import permissions_of, roles_of
from graph_api.authorization.matrix import columns
from graph_api.authorization.principal import Principal
from graph_api.execution.operations import operation_of
from schema import schema
from tests.authorization.callers import Caller

WHOLE: GraphQLSchema = schema.rules.schema
ACTING = frozenset(schema.rules.acting)


def table() -> dict[str, dict[str, str]]:
    """Read who may use what: a mark for each coordinate and column."""
    lines = (Path(__file__).parent / "permissions.md").read_text(encoding="utf-8").splitlines()
    head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    return {
        row[0].strip("`"): dict(zip(head[2:], row[2 - len(head) :], strict=True)) for row in rows
    }


TABLE = table()
COLUMNS = list(next(iter(TABLE.values())))
CALLERS = columns(roles_of(schema), permissions_of(schema))


def principal(column: str) -> Principal:
    grants = CALLERS[column]

    def named(kind: str) -> frozenset[str]:
        start = f"{kind}("
        return frozenset(each[len(start) : -1] for each in grants if each.startswith(start))

    subject = None if column == "anonymous" else "usr_1"
    return Principal(subject, "ses_1" if subject else None, named("role"), named("permission"))


def may(coordinate: str, column: str) -> bool:
    """Whether the table lets a caller use something, or leaves it to the object."""
    return coordinate not in TABLE or TABLE[coordinate][column] != "no"


# --- a minimal operation: the shortest road of fields from a root, with what they require ---

Road = tuple[str, ...]
KINDS = {"query": WHOLE.query_type, "mutation": WHOLE.mutation_type}
ANYONE = "whatever the table says"
SCALARS = {"Int": "1", "Boolean": "true", "DateTime": '"2026-01-01T00:00:00Z"'}


def allowed(coordinate: str, column: str) -> bool:
    return column == ANYONE or may(coordinate, column)


def literal(of_type: Any) -> str:
    """Return the least value of an input type: whatever it requires, and no more."""
    named: Any = get_named_type(of_type)
    match named:
        case GraphQLEnumType():
            value = next(name for name in named.values if f"{named.name}.{name}" not in TABLE)
        case GraphQLInputObjectType():
            required = {n: e for n, e in named.fields.items() if is_required_input_field(e)}
            value = ", ".join(f"{name}: {literal(each.type)}" for name, each in required.items())
            value = f"{{{value}}}"
        case _:
            value = SCALARS.get(named.name, '"x"')
    return f"[{value}]" if is_list_type(getattr(of_type, "of_type", of_type)) else value


def call(name: str, of_field: Any) -> str:
    required = {n: each for n, each in of_field.args.items() if is_required_argument(each)}
    given = ", ".join(f"{each}: {literal(argument.type)}" for each, argument in required.items())
    return f"{name}({given})" if given else name


def roads(column: str) -> dict[str, Road]:
    """Return the shortest road to each type that a caller can come to, not below a sign-in."""
    found: dict[str, Road] = {root.name: (kind,) for kind, root in KINDS.items() if root}
    queue = deque(found)
    while queue:
        name = queue.popleft()
        for step, onward in onwards(name, column):
            if onward not in found:
                found[onward] = (*found[name], step)
                queue.append(onward)
    return found


def onwards(name: str, column: str) -> Iterator[tuple[str, str]]:
    of_type: Any = WHOLE.type_map[name]
    if isinstance(of_type, GraphQLInterfaceType):
        for each in WHOLE.get_possible_types(of_type):
            yield f"... on {each.name}", each.name
    for field, each in of_type.fields.items() if hasattr(of_type, "interfaces") else ():
        coordinate = f"{name}.{field}"
        if coordinate not in ACTING and allowed(coordinate, column):
            yield call(field, each), get_named_type(each.type).name


def operation(road: Road, field: str, of_field: Any) -> str:
    leaf: Any = get_named_type(of_field.type)
    below = " { __typename }" if hasattr(leaf, "interfaces") else ""
    kind, *steps = road
    inner = " { ".join([*steps, call(field, of_field) + below])
    return f"{kind} {{ {inner} {'}' * len(road)}"


FIELDS = [
    (of_type.name, field, each)
    for of_type in WHOLE.type_map.values()
    if isinstance(of_type, GraphQLObjectType | GraphQLInterfaceType)
    and not is_introspection_type(of_type)
    for field, each in of_type.fields.items()
]
WHATEVER = roads(ANYONE)


def denials(document: str, column: str) -> list[str]:
    node = parse(document)
    judged = schema.judge(operation_of(node, None, {}), Caller(principal(column)), {})
    return [each.coordinate for each in judged.decision.denials]


async def shown(column: str) -> set[str]:
    """Return the fields that introspection shows."""
    asked = "{ __schema { types { name fields(includeDeprecated: true) { name } } } }"
    result = await schema.execute(asked, context_value=Caller(principal(column)))
    assert result.data
    types = result.data["__schema"]["types"]
    return {f"{each['name']}.{field['name']}" for each in types for field in each["fields"] or ()}


def below_a_sign_in() -> set[str]:
    """Return the types that are read below ``AuthPayload.user``, judged for whoever signs in."""
    found: set[str] = set()
    queue = [get_named_type(schema.rules.field(each).type).name for each in ACTING]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue.extend(onward for _, onward in onwards(name, "signed in"))
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("column", COLUMNS)
async def test_what_the_table_allows_is_decided_so_and_shown(column: str) -> None:
    mine, visible, after_sign_in = roads(column), await shown(column), below_a_sign_in()
    for name, field, of_field in FIELDS:
        coordinate = f"{name}.{field}"
        is_open = name in mine and may(coordinate, column)
        document = operation(mine[name] if is_open else WHATEVER[name], field, of_field)
        assert schema.validate(schema.documents.parse(document)) == [], document
        assert bool(denials(document, column)) is not is_open, (document, column)
        is_seen_after = name in after_sign_in and may(coordinate, "signed in")
        assert (coordinate in visible) is (is_open or is_seen_after), (coordinate, column)


def test_no_field_is_left_out() -> None:
    """Each has a road, and but for ``Carrier`` and ``Public`` ones a verdict that differs."""
    assert {name for name, _, _ in FIELDS} <= set(WHATEVER)
    assert len(FIELDS) > 100
    closed = dict.fromkeys(COLUMNS, 0)
    for name, field, _ in FIELDS:
        for column in COLUMNS:
            closed[column] += not may(f"{name}.{field}", column)
    assert closed["admin"] == 0 < closed["support"] < closed["anonymous"]
