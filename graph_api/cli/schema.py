"""``graph-api schema``: the schema as text."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from graph_api.cli.configuration import application_options, load_application, read_settings
from graph_api.cli.output import examples


@click.group()
def schema() -> None:
    """The schema that is served."""


@schema.command(
    epilog=examples("graph-api schema export", "graph-api schema export -o schema.graphql")
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to a file instead of stdout.",
)
@application_options
def export(*, output: Path | None, schema: str | None, app_dir: Path) -> None:
    """Print the schema in SDL, with the rule of each field."""
    name = read_settings(schema_path=schema).schema_path
    text = load_application(name, app_dir).schema.as_str().rstrip() + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
