"""``schemaMatrix``: who may use what, for the roles as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.accounts.world import make_role
from tests.api import Client

pytestmark = pytest.mark.anyio
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

MATRIX = """
{ schemaMatrix { roles rules { coordinate rule anonymous signedIn roles } } }
"""
MARKS = {"ALLOWED": "yes", "DENIED": "no", "DEPENDS_ON_OBJECT": "by object"}
COMMITTED = Path(__file__).parents[2] / "schema" / "permissions.md"


async def _matrix(client: Client) -> tuple[list[str], dict[str, dict[str, Any]]]:
    matrix = (await client.ask(MATRIX, as_="admin")).data["schemaMatrix"]
    return matrix["roles"], {rule["coordinate"]: rule for rule in matrix["rules"]}


async def _verdict(client: Client, coordinate: str, role: str) -> str:
    roles, rules = await _matrix(client)
    return str(rules[coordinate]["roles"][roles.index(role)])


@pytest.mark.parametrize("held", [["role:read"], ["schema:read"], []])
@ON_SQLITE
async def test_it_is_refused_to_whoever_lacks_one_of_its_permissions(
    client: Client, held: list[str]
) -> None:
    """It tells what roles grant, and the names that the schema hides."""
    await client.grant("user", await make_role(client.accounts, "half", *held))
    answer = await client.ask(MATRIX, as_="user")
    assert answer.codes == ["FORBIDDEN"]
    assert "data" not in answer.body


@ON_SQLITE
async def test_it_is_refused_to_anonymous_callers(client: Client) -> None:
    assert (await client.ask(MATRIX)).codes == ["UNAUTHENTICATED"]


async def test_for_declared_roles_it_is_the_committed_matrix(client: Client) -> None:
    roles, rules = await _matrix(client)
    lines = [f"| Coordinate | Rule | anonymous | signed in | {' | '.join(roles)} |"]
    lines.append("| " + " | ".join(["---", "---", *[":-:"] * (len(roles) + 2)]) + " |")
    for coordinate, row in rules.items():
        marks = [MARKS[each] for each in (row["anonymous"], row["signedIn"], *row["roles"])]
        rule = row["rule"].replace("|", r"\|")
        lines.append(f"| `{coordinate}` | `{rule}` | {' | '.join(marks)} |")
    assert lines == COMMITTED.read_text(encoding="utf-8").splitlines()


@ON_SQLITE
async def test_a_role_counts_as_it_was_edited_and_with_what_it_includes(client: Client) -> None:
    role_id = await make_role(client.accounts, "anonymous")  # A name as good as another.
    assert await _verdict(client, "Query.auditEvents", "anonymous") == "DENIED"
    change = "mutation($input: UpdateRoleInput!) { updateRole(input: $input) { role { id } } }"
    included = {"roleId": role_id, "includeIds": [client.role_ids["auditor"]]}
    assert (await client.ask(change, {"input": included}, as_="admin")).codes == []
    assert await _verdict(client, "Query.auditEvents", "anonymous") == "ALLOWED"
    _, rules = await _matrix(client)
    assert rules["Query.auditEvents"]["anonymous"] == "DENIED"
