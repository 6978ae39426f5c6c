"""Prints who may use what: each field, argument, input field and enum value, for each role.

python -m tests.schema.matrix > tests/schema/permissions.txt
"""

from __future__ import annotations

from collections.abc import Iterator

from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import Rule
from schema import schema

SIGNS = {True: "+", False: ".", None: "?"}
CALLERS = {"anonymous": Principal()} | {
    name: Principal("somebody", roles=frozenset({name}), permissions=frozenset(permissions))
    for name, permissions in schema.roles.items()
    if name != "admin"
} | {
    "admin": Principal(
        "somebody", roles=frozenset({"admin"}), permissions=frozenset(schema.permissions)
    )
}  # fmt: skip


def rules() -> dict[str, Rule]:
    """Return all rules by coordinate."""
    return {**schema.rules.fields, **schema.rules.inputs}


def table() -> Iterator[str]:
    """Yield the lines of the table."""
    yield "# + allowed, . denied, ? depends on the object. Written by tests/schema/matrix.py."
    yield f"# {' '.join(CALLERS)}"
    for coordinate, rule in sorted(rules().items()):
        signs = "".join(SIGNS[rule.static(caller.grants)] for caller in CALLERS.values())
        yield f"{signs}  {coordinate}  {rule.rule}"


if __name__ == "__main__":
    print("\n".join(table()))  # noqa: T201 -- it is what it is for
