"""``python -m benchmarks``: each command measures one thing and prints ratios."""

from __future__ import annotations

import json

import rich_click as click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.authorization import CASES, measure
from benchmarks.pairs import Ratio
from benchmarks.tokens import tokens

QUICK, THOROUGH = 30, 200


@click.group()
def main() -> None:
    """Measure what the library costs."""


main.add_command(tokens)


@main.command()
@click.option("--quick", is_flag=True, help=f"{QUICK} pairs of each instead of {THOROUGH}.")
@click.option("--pairs", type=click.IntRange(min=1), help="This many pairs of each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
def authorization(*, quick: bool, pairs: int | None, as_json: bool) -> None:
    """Compare rules with the same query over public fields: 1,000 rows of 5 fields."""
    count = pairs or (QUICK if quick else THOROUGH)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks = {name: progress.add_task(says, total=count) for name, says in CASES.items()}
        measured = dict(measure(count, lambda name: progress.advance(tasks[name])))
    Console().print(_table(measured, count))
    if as_json:
        click.echo(json.dumps({name: round(ratio.median, 4) for name, ratio in measured.items()}))


def _table(measured: dict[str, Ratio], count: int) -> Table:
    table = Table(
        title="Processor time over the same query with every field public",
        caption=f"1,000 rows of 5 fields; medians of {count} alternating pairs; 95 % confidence",
    )
    table.add_column("With")
    table.add_column("Ratio", justify="right")
    table.add_column("Interval")
    for name, ratio in measured.items():
        table.add_row(CASES[name], f"{ratio.median:.3f}", f"{ratio.low:.3f} to {ratio.high:.3f}")
    return table


if __name__ == "__main__":
    main()
