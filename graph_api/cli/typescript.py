"""Roles, permissions and rules as TypeScript, for front ends."""

from __future__ import annotations

import json
from typing import Any

from graph_api.cli.configuration import Application

_HEAD = "// Written by `graph-api schema export --typescript`: don't edit it, run it again.\n"
_GRANT = 'export type Grant = "authenticated" | `role(${Role})` | `permission(${Permission})`;\n'


def typescript(application: Application) -> str:
    """Return a module of constants and types.

    ``rules`` has the rule of each coordinate in the text of docs/rules.md; roles are the declared
    ones, to which administrators may add.
    """
    book = application.schema.rules
    rules = {name: rule.rule for name, rule in sorted({**book.fields, **book.inputs}.items())}
    return "\n".join(
        (
            _HEAD,
            _constant("roles", sorted(application.declared_roles)),
            "export type Role = (typeof roles)[number];\n",
            "/** Each permission with what it allows. */",
            _constant("permissions", dict(sorted(application.permissions.items()))),
            "export type Permission = keyof typeof permissions;\n",
            _GRANT,
            "/** The rule of each field, argument, input field and enum value, by coordinate. */",
            _constant("rules", rules),
            "export type Coordinate = keyof typeof rules;\n",
        )
    )


def _constant(name: str, value: Any) -> str:
    return f"export const {name} = {json.dumps(value, indent=2, ensure_ascii=False)} as const;"
