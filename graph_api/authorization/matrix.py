"""The matrix: what each declared role may use, by schema coordinate, before any object is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graph_api.authorization.access import VERDICTS, Verdict
from graph_api.authorization.principal import (
    ANONYMOUS,
    AUTHENTICATED,
    Grants,
    Principal,
    role_grant,
)
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule

MARKS = {
    Verdict.ALLOWED: "yes",
    Verdict.DENIED: "no",
    Verdict.DEPENDS_ON_OBJECT: "by object",
}
"""A cell, as people read it."""

BAR = r"\|"


@dataclass(frozen=True)
class Row:
    """One coordinate of the matrix.

    Attributes:
        coordinate: of a field, argument, input field or enum value.
        rule: its whole rule in the canonical text; ``none`` for a field that nothing covers.
        verdicts: what each caller may do, by the name of the column.
    """

    coordinate: str
    rule: str
    verdicts: Mapping[str, Verdict]


def holder(
    names: Collection[str], roles: Mapping[str, Sequence[str]], permissions: Collection[str]
) -> Principal:
    """Return somebody with just these roles, and what follows from them.

    Args:
        names: the roles.
        roles: all declared roles, each with the permissions and roles that it holds.
        permissions: all declared permissions.
    """
    held: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in held:
            held.add(name)
            waiting.extend(roles.get(name, ()))
    return Principal(
        subject="",
        roles=frozenset(held & roles.keys()),
        permissions=frozenset(held & set(permissions)),
    )


def columns(roles: Mapping[str, Sequence[str]], permissions: Collection[str]) -> dict[str, Grants]:
    """Return who is asked about: anonymous callers, anyone signed in, and each declared role.

    A role stands by its name, but ``role(anonymous)`` for one that is called so.
    """
    everyone = {"anonymous": ANONYMOUS.grants, "signed in": frozenset({AUTHENTICATED})}
    of_roles = {
        role_grant(name) if name in everyone else name: holder([name], roles, permissions).grants
        for name in sorted(roles)
    }
    return everyone | of_roles


def matrix(book: RuleBook, callers: Mapping[str, Grants]) -> list[Row]:
    """Return a row for each ruled coordinate, and for each field that nothing covers.

    Args:
        book: the rules of the schema.
        callers: what each column's caller holds.
    """
    return [
        Row(
            coordinate,
            rule.rule if rule else "none",
            {name: VERDICTS[book.verdict(coordinate, grants)] for name, grants in callers.items()},
        )
        for coordinate, rule in sorted(_rules(book))
    ]


def markdown(rows: Sequence[Row], callers: Collection[str]) -> str:
    """Return the matrix as a table in Markdown."""
    head = ["Coordinate", "Rule", *callers], ["---", "---", *(":-:" for _ in callers)]
    body = (
        [f"`{row.coordinate}`", f"`{row.rule}`", *(MARKS[each] for each in row.verdicts.values())]
        for row in rows
    )
    return "".join(map(_markdown_line, (*head, *body)))


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |\n"


def _rules(book: RuleBook) -> Iterator[tuple[str, Rule | None]]:
    yield from book.fields.items()
    yield from book.inputs.items()
    for coordinate in book.uncovered:
        yield coordinate, None
