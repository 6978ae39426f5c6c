"""Who may use what, compared with a committed file: a changed rule is seen in review."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

from graph_api.app import permissions_of, roles_of
from graph_api.authorization.matrix import columns, markdown, matrix
from graph_api.execution.schema import Schema


def assert_matrix(schema: Schema, path: Path | str, *, update: bool = False) -> None:
    """Fail unless a file says of each field what each declared role may do with it today.

    The file is what ``graph-api schema permissions --format markdown`` prints.

    Args:
        schema: the schema.
        path: the committed file.
        update: write it instead.

    Raises:
        AssertionError: with the rows that differ, and how to write the file anew.
    """
    __tracebackhide__ = True
    path = Path(path)
    callers = columns(roles_of(schema), permissions_of(schema))
    text = markdown(matrix(schema.rules, callers), callers)
    if update:
        path.write_text(text, encoding="utf-8")
        return
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    if committed != text:
        raise AssertionError(
            f"Who may use what is not what {path} says:\n{_changes(committed, text)}\n"
            "If it is what is meant, write it anew: graph-api schema permissions "
            f"--format markdown --output {path}"
        )


def _changes(before: str, after: str) -> str:
    lines = unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))
