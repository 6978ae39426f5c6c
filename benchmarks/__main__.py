"""``python -m benchmarks``: each command measures one thing and prints ratios."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.progress import Progress, TaskID

from benchmarks import authorization, database, documents, execution, over_http, sign_in, tokens
from benchmarks.report import RESULTS, Report, Step, save, show

Measure = Callable[[int, Step], Report]


@click.group()
def main() -> None:
    """Measure what the library costs, as ratios side by side in one run."""


@dataclass(frozen=True)
class Command:
    """What can be measured.

    Attributes:
        name: what the command is called.
        says: its help.
        measure: measures in so many rounds.
        quick: how many with ``--quick``, which ends within 45 seconds on a machine that is free.
        thorough: how many without.
        brief: measures with ``--quick``, if that is something else.
    """

    name: str
    says: str
    measure: Measure
    quick: int
    thorough: int
    brief: Measure | None = None

    def report(self, rounds: int | None, step: Step, *, quick: bool) -> Report:
        """Measure."""
        count = rounds or (self.quick if quick else self.thorough)
        return ((quick and self.brief) or self.measure)(count, step)


COMMANDS = (
    Command(
        "authorization",
        "What rules cost: the same query over fields that are public.",
        authorization.report,
        quick=30,
        thorough=200,
    ),
    Command(
        "execution",
        "Operations in process, to bytes: Strawberry's, and what one writes by hand.",
        execution.report,
        quick=15,
        thorough=60,
    ),
    Command(
        "database",
        "1,000 rows from SQLite and PostgreSQL: the driver, and dictionaries by hand.",
        database.report,
        quick=15,
        thorough=60,
    ),
    Command(
        "http",
        "Servers over HTTP, in Python and on Node; with --quick only Strawberry on Litestar.",
        over_http.report,
        quick=6,
        thorough=8,
        brief=over_http.brief,
    ),
    Command(
        "sign_in",
        "Logins, over one verification of a password, and refreshes.",
        sign_in.report,
        quick=6,
        thorough=20,
    ),
    Command(
        "tokens",
        "A bearer that was verified before, and one that comes for the first time.",
        tokens.report,
        quick=6,
        thorough=30,
    ),
    Command(
        "documents",
        "The worst documents of 10 kB that anybody may send, the first time they come.",
        documents.report,
        quick=2,
        thorough=10,
    ),
)


def _add(command: Command) -> None:
    rounds = f"{command.quick} rounds of each instead of {command.thorough}."

    @main.command(command.name, help=command.says)
    @click.option("--quick", is_flag=True, help=rounds)
    @click.option("--rounds", type=click.IntRange(min=1), help="This many rounds of each.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
    @click.option(
        "--results",
        type=click.Path(path_type=Path, file_okay=False),
        default=RESULTS,
        help="The folder that the table and the plot are written into.",
    )
    def run(*, quick: bool, rounds: int | None, as_json: bool, results: Path) -> None:
        with _progress() as step:
            report = command.report(rounds, step, quick=quick)
        console = Console()
        show(report, console)
        save(report, results, console)
        if as_json:
            click.echo(json.dumps(report.figures))


@contextmanager
def _progress() -> Iterator[Step]:
    """Show how far each case has come, where nothing else is written."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def step(name: str, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.advance(tasks[name])

        yield step


for each in COMMANDS:
    _add(each)

if __name__ == "__main__":
    main()
