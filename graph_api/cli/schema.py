"""``graph-api schema``: the schema as text, who may use what of it, and what a change opens."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import rich_click as click

from graph_api.authorization.analysis import GrantSet, listed, sentence
from graph_api.authorization.difference import Change, difference
from graph_api.authorization.matrix import MARKS, columns, markdown, matrix
from graph_api.authorization.matrix import Row as MatrixRow
from graph_api.authorization.printed import read
from graph_api.authorization.roads import Reach, Roads
from graph_api.authorization.rulebook import RuleBook
from graph_api.cli.configuration import (
    Application,
    application_options,
    load_application,
    read_settings,
)
from graph_api.cli.output import Row, as_json_text, as_table, examples, json_option, show, show_json
from graph_api.cli.page import page
from graph_api.cli.typescript import typescript
from graph_api.errors import ConfigurationError

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to a file instead of stdout.",
)


@click.group()
def schema() -> None:
    """The schema that is served, and its rules."""


@schema.command(
    epilog=examples(
        "graph-api schema export",
        "graph-api schema export -o schema.graphql",
        "graph-api schema export --typescript -o src/permissions.ts",
    )
)
@output_option
@click.option(
    "--typescript",
    "as_typescript",
    is_flag=True,
    help="Roles, permissions and rules as TypeScript, instead of the schema.",
)
@application_options
def export(*, output: Path | None, as_typescript: bool, schema: str | None, app_dir: Path) -> None:
    """Print the schema in SDL, with the rule of each field."""
    application = _application(schema, app_dir)
    text = typescript(application) if as_typescript else application.schema.as_str()
    _write(text.rstrip() + "\n", output)


@schema.command(
    epilog=examples(
        "graph-api schema permissions",
        "graph-api schema permissions --format html -o permissions.html",
        "graph-api schema permissions --format markdown",
    )
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["table", "markdown", "json", "html"]),
    default="table",
    show_default=True,
)
@json_option
@output_option
@application_options
def permissions(
    *, kind: str, as_json: bool, output: Path | None, schema: str | None, app_dir: Path
) -> None:
    """Print what each declared role may use: fields, arguments, input fields and enum values.

    Roles can be edited while a server runs; `graph-api schema reach` tells what any role must hold.
    """
    application = _application(schema, app_dir)
    callers = columns(application.declared_roles, application.permissions)
    rows = matrix(application.schema.rules, callers)
    _write(_matrix_text("json" if as_json else kind, rows, callers), output)


@schema.command(
    epilog=examples(
        "graph-api schema reach User.email",
        "graph-api schema reach 'Query.articles(includeDrafts:)' --json",
    )
)
@click.argument("coordinate")
@click.option(
    "--roads",
    "most",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="At most so many.",
)
@json_option
@application_options
def reach(*, coordinate: str, most: int, as_json: bool, schema: str | None, app_dir: Path) -> None:
    """Print the smallest sets of grants that open a field, and the roads to it.

    A road counts all that its steps need, from a root field on. One that lets in nobody whom a
    shorter one does not is left out.
    """
    book = _application(schema, app_dir).schema.rules
    found = Roads(book).reach(coordinate)
    rule = book.fields.get(coordinate) or book.inputs.get(coordinate)
    printed = rule.rule if rule else "none"
    if as_json:
        show_json(_reach_json(coordinate, printed, found, most))
    else:
        click.echo(_reach_text(coordinate, printed, found, most))


@schema.command(
    epilog=examples(
        "graph-api schema diff schema.graphql             # with the schema that is served",
        "graph-api schema diff old.graphql new.graphql",
        "git show main:schema.graphql | graph-api schema diff -",
    )
)
@click.argument("old")
@click.argument("new", required=False)
@json_option
@application_options
def diff(*, old: str, new: str | None, as_json: bool, schema: str | None, app_dir: Path) -> None:
    """Print what a change opens and closes, and for whom, over all sets of grants.

    OLD and NEW are files in SDL, or - for stdin; without NEW it is the schema that is served. The
    exit code is 1 if anything is opened, else 0, and 2 if one of them can't be read.
    """
    if old == new == "-":
        raise click.UsageError("Only one of the two can come from stdin.")
    try:
        before = _read(old)
        after = _read(new) if new else read(_application(schema, app_dir).schema.as_str())
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    changes = difference(before, after)
    rows = [_change_json(each) if as_json else _change_row(each) for each in changes]
    show(rows, as_json=as_json, none="Nothing is opened, and nothing is closed.")
    if any(change.opens for change in changes):
        sys.exit(1)


def _application(schema: str | None, app_dir: Path) -> Application:
    return load_application(read_settings(schema_path=schema).schema_path, app_dir)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _matrix_text(kind: str, rows: Sequence[MatrixRow], callers: Collection[str]) -> str:
    match kind:
        case "html":
            return page(rows, callers)
        case "markdown":
            return markdown(rows, callers)
        case "json":
            return as_json_text([_json_row(row) for row in rows])
    return as_table([_table_row(row) for row in rows])


def _json_row(row: MatrixRow) -> Row:
    access = {name: each.value for name, each in row.verdicts.items()}
    return {"coordinate": row.coordinate, "rule": row.rule, "access": access}


def _table_row(row: MatrixRow) -> Row:
    marks = {name: MARKS[each] for name, each in row.verdicts.items()}
    return {"coordinate": row.coordinate, "rule": row.rule, **marks}


def _reach_json(coordinate: str, rule: str, found: Reach, most: int) -> Row:
    roads = [{"steps": steps, "sets": listed(sets)} for steps, sets in found.roads[:most]]
    return {"coordinate": coordinate, "rule": rule, "sets": listed(found.sets), "roads": roads}


def _reach_text(coordinate: str, rule: str, found: Reach, most: int) -> str:
    lines = [f"{coordinate} has the rule: {rule}", "", "Open for:", *_sentences(found.sets)]
    if not found.roads:
        return "\n".join(lines)
    lines += ["", "Roads:"]
    for steps, sets in found.roads[:most]:
        lines += [f"  {' > '.join(steps)}", *(f"  {each}" for each in _sentences(sets))]
    if left := len(found.roads) - most:
        lines += [f"  … and {left} more: see --roads."] if left > 0 else []
    return "\n".join(lines)


def _sentences(sets: Collection[GrantSet]) -> list[str]:
    return [f"  - {sentence(each)}" for each in listed(sets)] or ["  nobody: no road leads there"]


def _read(file: str) -> RuleBook:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}.") from error
    try:
        return read(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}") from error


def _change_json(change: Change) -> Row:
    return {
        "change": "opens" if change.opens else "closes",
        "coordinate": change.coordinate,
        "for": listed(change.sets),
        "old": change.old,
        "new": change.new,
        "onward": change.onward,
    }


def _change_row(change: Change) -> Row:
    row = dict(_change_json(change))
    onward = row.pop("onward")
    if onward:
        row["new" if change.opens else "old"] += f", leads to {', '.join(onward)}"
    return row | {"for": "; or ".join(map(sentence, listed(change.sets)))}
