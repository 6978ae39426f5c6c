"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import rich_click as click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

WIDE = 500
"""Columns of a table that goes into a file or a pipe: nothing is cut off there."""


def examples(*commands: str) -> str:
    """Return the end of a help text: each command on a line of its own."""
    return "\n\n".join(("Examples:", *commands))


def json_option(command: F) -> F:
    """Give a command ``--json``, as the argument ``as_json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to stdout."
    )(command)


def show(rows: Sequence[Row], *, as_json: bool, none: str = "None.") -> None:
    """Print rows that have the same keys.

    Args:
        rows: by name, as the GraphQL API calls it: ``createdAt``.
        as_json: one array; times are in ISO 8601 and UTC.
        none: what a person reads if there are no rows.
    """
    if as_json:
        show_json(rows)
    elif not rows:
        click.echo(none)
    else:
        click.echo(as_table(rows), nl=False)


def as_table(rows: Sequence[Row]) -> str:
    """Return rows that have the same keys as a table, as wide as the terminal."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    with console.capture() as captured:
        console.print(_table(rows))
    return captured.get()


def show_json(value: Any) -> None:
    """Print one JSON value."""
    click.echo(as_json_text(value), nl=False)


def as_json_text(value: Any) -> str:
    """Return a JSON value, with a line feed at its end."""
    return json.dumps(value, indent=2, default=_plain, ensure_ascii=False) + "\n"


def _table(rows: Sequence[Row]) -> Table:
    table = Table(*map(_heading, rows[0]), box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    return table


def _heading(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key).lower()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(str, value))
        case dict():
            return ", ".join(f"{key}={each}" for key, each in value.items())
        case _:
            return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return sorted(value)
