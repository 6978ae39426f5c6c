"""What a benchmark has found: as tables, as a plot, as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.pairs import Ratio

Step = Callable[[str, int], None]
"""Is called after each round with the case's name, and of how many rounds this was one."""
RESULTS = Path(__file__).parent / "results"
COMPARED = (
    *("strawberry-graphql", "graphql-core", "ariadne", "litestar", "fastapi", "uvicorn"),
    *("sqlalchemy", "asyncpg", "aiosqlite", "orjson"),
)
"""Python packages whose releases a table names."""


@dataclass(frozen=True)
class Bar:
    """One bar of a plot.

    Attributes:
        label: what it shows.
        value: how long it is, with the interval that it surely ends in.
        goal: where it should end; None if it has no target.
    """

    label: str
    value: Ratio
    goal: float | None = None


@dataclass(frozen=True)
class Sheet:
    """A table, and the bars that are drawn of it.

    Attributes:
        title: what it says.
        columns: their headings; the first one names a row, the others are numbers.
        rows: the cells.
        axis: what the bars measure, with its unit.
        bars: none where there is nothing to draw.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    axis: str = ""
    bars: Sequence[Bar] = ()


@dataclass(frozen=True)
class Report:
    """What one command has measured.

    Attributes:
        name: the command.
        about: how it was measured, in a sentence or two.
        sheets: the tables.
        figures: every number by its name, as ``--json`` prints them.
    """

    name: str
    about: str
    sheets: Sequence[Sheet]
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A ratio that was measured, and how large it may be.

    Attributes:
        name: what ``--json`` calls it.
        says: what is divided by what.
        ratio: time over time.
        goal: the target: at most this.
        at_least: the target is a lower bound instead.
    """

    name: str
    says: str
    ratio: Ratio
    goal: float | None = None
    at_least: bool = False


def sheet_of(title: str, lines: Sequence[Line], what: str = "Time over time") -> Sheet:
    """Return ratios as a table with their targets."""
    return Sheet(
        title,
        (what, "Ratio", "95 % interval", "Target"),
        [
            (
                line.says,
                number(line.ratio.median),
                interval(line.ratio),
                target(line.ratio.median, line.goal, at_least=line.at_least),
            )
            for line in lines
        ],
        f"{what.lower()}; the mark is the target",
        [Bar(line.name, line.ratio, line.goal) for line in lines],
    )


def figures_of(lines: Sequence[Line]) -> dict[str, float]:
    """Return the medians by name."""
    return {line.name: round(line.ratio.median, 4) for line in lines}


def target(value: float, goal: float | None, *, at_least: bool = False) -> str:
    """Return a target, and whether it is met; nothing where there is none."""
    if goal is None:
        return ""
    is_met = value >= goal if at_least else value <= goal
    return f"{'≥' if at_least else '≤'} {number(goal)} {'✓' if is_met else '✗'}"


def number(value: float) -> str:
    """Return three significant digits."""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def interval(ratio: Ratio) -> str:
    """Return both ends of an interval."""
    return f"{number(ratio.low)} to {number(ratio.high)}"


def show(report: Report, console: Console) -> None:
    """Print the tables."""
    for sheet in report.sheets:
        table = Table(title=sheet.title, title_justify="left")
        for index, column in enumerate(sheet.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
    console.print(report.about)


def save(report: Report, folder: Path, console: Console) -> None:
    """Write ``NAME.md`` and, if matplotlib is installed, ``NAME.png`` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    plot = folder / f"{report.name}.png"
    has_bars = any(sheet.bars for sheet in report.sheets)
    drawn = has_bars and _draw(report, plot)
    page = folder / f"{report.name}.md"
    page.write_text(_markdown(report, plot.name if drawn else None), encoding="utf-8")
    console.print(f"Written: {page}" + (f" and {plot}" if drawn else ""))
    if has_bars and not drawn:
        console.print("No plot: matplotlib is missing. `pip install -e '.[bench]'` brings it.")


def machine() -> str:
    """Return what it was measured on, and how busy that was."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{date.today():%Y-%m-%d}, {cores} cores of {_processor()}, {platform.system()} "  # noqa: DTZ011
        f"{platform.release().partition('-')[0]}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f}, commit {_commit()}; {_versions()}"
    )


def _commit() -> str:
    """Return the commit of the checkout, marked if something was changed since."""
    git = shutil.which("git")
    command = [git or "git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty"]
    if git is None:
        return "unknown"
    said = subprocess.run([*command, "--exclude=*"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def _versions() -> str:
    """Return what is compared, with the release that is installed; Node's by its lock file."""
    python = [f"{name} {version(name)}" for name in COMPARED if _is_installed(name)]
    lock = json.loads((RESULTS.parent / "peers/node/package-lock.json").read_text("utf-8"))
    packages = lock["packages"]
    node = [
        f"{name} {packages[f'node_modules/{name}']['version']}"
        for name in sorted(packages[""]["dependencies"])
    ]
    return ", ".join([*python, *node])


def _is_installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _markdown(report: Report, plot: str | None) -> str:
    parts = [f"# {report.name}", f"{report.about}\n\nMeasured {machine()}."]
    parts += [f"## {sheet.title}\n\n{_pipes(sheet)}" for sheet in report.sheets]
    parts += [f"![{report.name}]({plot})"] if plot else []
    return "\n\n".join(parts) + "\n"


def _pipes(sheet: Sheet) -> str:
    ruler = ["---", *["--:"] * (len(sheet.columns) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (sheet.columns, ruler, *sheet.rows))


def _draw(report: Report, file: Path) -> bool:
    """Draw the bars of each sheet, one sheet below the other; say whether that was possible."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 -- it is optional, and slow to import
    except ImportError:
        return False
    sheets = [sheet for sheet in report.sheets if sheet.bars]
    heights = [len(sheet.bars) + 1.5 for sheet in sheets]
    figure = Figure(figsize=(9, 0.32 * sum(heights) + 0.5), layout="constrained")
    axes = figure.subplots(len(sheets), squeeze=False, height_ratios=heights)[:, 0]
    for axis, sheet in zip(axes, sheets, strict=True):
        for row, bar in enumerate(sheet.bars):
            value = bar.value
            spread = [[value.median - value.low], [value.high - value.median]]
            axis.barh(row, value.median, xerr=spread, color=f"C{row % 10}", ecolor="#444")
            axis.text(value.high, row, f"  {number(value.median)}", va="center", fontsize=8)
            if bar.goal is not None:
                axis.plot([bar.goal] * 2, [row - 0.45, row + 0.45], color="black")
        axis.set_yticks(range(len(sheet.bars)), [bar.label for bar in sheet.bars], fontsize=8)
        axis.set_title(sheet.title, loc="left", fontsize=9)
        axis.set_xlabel(sheet.axis, fontsize=8)
        axis.set_xscale("log")
        axis.invert_yaxis()
        axis.margins(x=0.12)
    figure.savefig(file, dpi=110)
    return True
