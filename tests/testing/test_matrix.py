"""The matrix as a committed file, and the plugin that compares it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import strawberry

from graph_api import HasRole, Principal, Public, Schema
from graph_api.testing import assert_matrix
from tests.project.checkout import ROOT, text

BLOCKS = re.findall(r"```python\n(.*?)```", text("docs/testing.md"), re.DOTALL)


def build(rule: type, **options: object) -> Schema:
    @strawberry.type
    class Query:
        a: int | None = strawberry.field(permission_classes=[Public()], default=None)
        b: int | None = strawberry.field(permission_classes=[rule], default=None)

    return Schema(Query, roles={"clerk": [], "boss": []}, **options)  # type: ignore[arg-type]


def elsewhere(_context: object) -> Principal:
    return Principal()


def test_the_same_schema_passes(tmp_path: Path) -> None:
    assert_matrix(build(HasRole("clerk")), tmp_path / "matrix.md", update=True)
    assert_matrix(build(HasRole("clerk")), tmp_path / "matrix.md")


def test_a_change_is_shown_row_by_row_with_how_to_accept_it(tmp_path: Path) -> None:
    schema = build(HasRole("clerk"), principal=elsewhere)
    assert_matrix(schema, tmp_path / "matrix.md", update=True)
    with pytest.raises(AssertionError) as failed:
        assert_matrix(build(Public(), principal=elsewhere), tmp_path / "matrix.md")
    assert str(failed.value) == (
        f"Who may use what is not what {tmp_path / 'matrix.md'} says:\n"
        "-| `Query.b` | `role(clerk)` | no | no | no | yes |\n"
        "+| `Query.b` | `public` | yes | yes | yes | yes |\n"
        "If it is what is meant, write it anew: graph-api schema permissions "
        f"--format markdown --output {tmp_path / 'matrix.md'}"
    )


def test_a_missing_file_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"\+\| `Query\.a` \| `public` "):
        assert_matrix(build(Public()), tmp_path / "matrix.md")


def test_a_role_that_comes_along_is_a_change(tmp_path: Path) -> None:
    assert_matrix(build(Public()), tmp_path / "matrix.md", update=True)
    with_more = build(Public())
    with_more.roles["guest"] = []
    with pytest.raises(AssertionError, match="guest"):
        assert_matrix(with_more, tmp_path / "matrix.md")


def test_the_columns_are_the_roles_of_whoever_says_who_asks(tmp_path: Path) -> None:
    """Our server stores the shipped roles; another host has none but its own."""
    ours, theirs = tmp_path / "ours.md", tmp_path / "theirs.md"
    assert_matrix(build(Public()), ours, update=True)
    assert_matrix(build(Public(), principal=elsewhere), theirs, update=True)
    heading = "| Coordinate | Rule | anonymous | signed in | {} |"
    roles = ["admin", "auditor", "boss", "clerk", "support", "user"]
    assert ours.read_text().splitlines()[0] == heading.format(" | ".join(roles))
    assert theirs.read_text().splitlines()[0] == heading.format("boss | clerk")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with the tests that docs/testing.md shows."""
    [plugin] = [block for block in BLOCKS if block.startswith("pytest_plugins")]
    backend = '\n@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'
    (tmp_path / "conftest.py").write_text(f"import pytest\n{plugin}{backend}")
    for number, block in enumerate(BLOCKS):
        (tmp_path / f"test_{number}.py").write_text(block)
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_page_shows_tests_that_pass(project: Path) -> None:
    missing = run_pytest(project)
    assert "1 failed, 5 passed" in missing.stdout, missing.stdout
    assert "write it anew" in missing.stdout
    written = run_pytest(project, "--update-matrix", "-k", "who_may_use_what")
    assert written.returncode == 0, written.stdout
    assert (project / "permissions.md").read_text() == text("tests/schema/permissions.md")
    assert run_pytest(project, "-k", "who_may_use_what").returncode == 0


def test_the_fixture_fails_for_a_file_that_says_otherwise(project: Path) -> None:
    otherwise = text("tests/schema/permissions.md")
    otherwise = otherwise.replace("`permission(user:read)` | no", "`public` | yes")
    (project / "permissions.md").write_text(otherwise)
    changed = run_pytest(project, "-k", "who_may_use_what")
    assert changed.returncode == 1
    assert "-| `Query.users` | `public` | yes" in changed.stdout
