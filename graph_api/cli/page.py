"""The matrix as a page: one file that fetches nothing and allows itself just its own script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template

from graph_api.authorization.access import Verdict
from graph_api.authorization.matrix import Row

_WORDS = {
    Verdict.ALLOWED: "allowed",
    Verdict.DENIED: "denied",
    Verdict.DEPENDS_ON_OBJECT: "depends on the object",
}


def page(rows: Sequence[Row], callers: Collection[str]) -> str:
    """Return the matrix as an HTML page that one can read and search."""
    style, script = _file("permissions.css"), _file("permissions.js")
    groups = groupby(rows, key=lambda row: row.coordinate.partition(".")[0])
    return Template(_file("permissions.html")).substitute(
        summary=f"{len(rows)} fields, arguments, input fields and enum values with a rule, "
        f"and {len(callers)} kinds of callers.",
        columns="".join(f'<th scope="col">{escape(each)}</th>' for each in callers),
        groups="\n".join(_group(name, members, len(callers)) for name, members in groups),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
    )


def _group(name: str, rows: Iterable[Row], width: int) -> str:
    head = f'<tr><th scope="rowgroup">{escape(name)}</th><td colspan="{width + 1}"></td></tr>'
    return f"<tbody>{head}{''.join(map(_row, rows))}</tbody>"


def _row(row: Row) -> str:
    rule = escape(row.rule)
    text = escape(f"{row.coordinate} {row.rule}".lower())
    cells = "".join(
        f'<td class="{each.value}"><span>{_WORDS[each]}</span></td>'
        for each in row.verdicts.values()
    )
    return (
        f'<tr data-rule="{rule}" data-text="{text}">'
        f'<th scope="row"><code>{escape(row.coordinate)}</code></th>'
        f"<td><code>{rule}</code></td>{cells}</tr>"
    )


def _file(name: str) -> str:
    return (files("graph_api.cli") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return what a Content-Security-Policy lets through (CSP Level 3, section 2.3.1)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
