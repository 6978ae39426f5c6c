"""``graph-api doctor``: what is wrong here, and the command that mends it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import rich_click as click

from graph_api.authorization.rules import Rule
from graph_api.cli.checks import Finding, Site, assignment, examine
from graph_api.cli.configuration import (
    SECRET_FILE,
    InvalidSettings,
    application_options,
    load_application,
    operator_settings,
    read_settings,
)
from graph_api.cli.output import Row, examples, json_option, show_json
from graph_api.clock import Clock, utc_now
from graph_api.settings import Settings

_COLOURS = {"ok": "green", "failed": "red", "skipped": "yellow", "trial": "cyan"}


@click.command(
    epilog=examples(
        "graph-api doctor",
        "graph-api doctor --serve  # in a folder of `graph-api dev`: what serve would want",
        "graph-api doctor --json   # for a program; exit code 1 if a check has failed",
    )
)
@click.option("--serve", is_flag=True, help="Judge for serve, though dev has worked here.")
@json_option
@application_options
@click.pass_obj
def doctor(
    clock: Clock | None, *, serve: bool, as_json: bool, schema: str | None, app_dir: Path
) -> None:
    """Check settings, data folder, database, keys and clock, and say how to mend each."""
    trials: list[Row] = []
    try:
        settings = _settings(schema, serve=serve)
    except InvalidSettings as error:
        found = _misread(error)
    else:
        application = load_application(settings.schema_path, app_dir)
        found = asyncio.run(examine(Site(settings, application, clock or utc_now)))
        trials = _trials(application.schema.rules.trials)
    rows = [row for name, findings in found.items() for row in _rows(name, findings)] + trials
    if as_json:
        show_json(rows)
    else:
        for row in rows:
            _print(row)
    if any(found.values()):
        sys.exit(1)


def _settings(schema: str | None, *, serve: bool) -> Settings:
    """Return the settings of ``serve``; those of ``dev`` if it has worked here and nobody else."""
    settings = read_settings(mode="serve", schema_path=schema)
    has_secret = bool(settings.secret_key.get_secret_value())
    if serve or has_secret or not (settings.data_dir / SECRET_FILE).exists():
        return settings
    return operator_settings(schema_path=schema)


def _misread(error: InvalidSettings) -> dict[str, list[Finding] | None]:
    cure = " && ".join(assignment(name, "") for name in error.names)
    return {"settings": [Finding(str(error).rstrip("."), cure)]}


def _rows(check: str, findings: list[Finding] | None) -> list[Row]:
    if not findings:
        status = "skipped" if findings is None else "ok"
        return [{"check": check, "status": status, "problem": None, "cure": None}]
    return [
        {"check": check, "status": "failed", "problem": each.problem, "cure": each.cure}
        for each in findings
    ]


def _trials(trials: Mapping[str, Rule]) -> list[Row]:
    """What is tried is no failure, but nobody should forget that it holds nothing yet."""
    return [
        {
            "check": coordinate,
            "status": "trial",
            "problem": f"{rule.rule} is tried here, and denies nobody",
            "cure": None,
        }
        for coordinate, rule in trials.items()
    ]


def _print(row: Row) -> None:
    status = click.style(f"{row['status']:8}", fg=_COLOURS[row["status"]])
    click.echo(f"{status}{row['check']}" + (f": {row['problem']}." if row["problem"] else ""))
    if row["cure"]:
        click.echo(f"        {row['cure']}")
