"""What is committed serves everybody: no machine's own paths, no dead link, no secret file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.project.checkout import ROOT, text, toml, tracked_files

SOMEBODYS_HOME = re.compile(r"/(?:home|Users)/(?!you\b|app\b)[a-z][\w.-]*/|/root/", re.IGNORECASE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


def lines_of_text(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return


def test_no_file_names_the_machine_that_it_was_written_on() -> None:
    own = {str(ROOT), str(Path.home()) + "/"}
    found = {
        str(path.relative_to(ROOT))
        for path in tracked_files()
        for line in lines_of_text(path)
        if SOMEBODYS_HOME.search(line) or any(name in line for name in own)
    }
    assert found - {"tests/project/test_files.py"} == set()


def test_packages_of_the_pages_come_from_the_public_registry() -> None:
    locks = [path for path in tracked_files() if path.name == "package-lock.json"]
    assert locks
    for path in locks:
        hosts = set(re.findall(r'"resolved": "(https?://[^/]+)', path.read_text(encoding="utf-8")))
        assert hosts <= {"https://registry.npmjs.org"}, path


def test_every_link_between_the_documents_leads_somewhere() -> None:
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked_files()
        if path.suffix == ".md"
        for target in LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_no_state_of_a_server_is_committed() -> None:
    """Keys, databases and settings of whoever ran it here."""
    names = {path.name for path in tracked_files()}
    suffixes = {path.suffix for path in tracked_files()}
    assert not names & {".env", ".graph-api"}
    assert not suffixes & {".pem", ".key", ".sqlite3", ".db"}


def test_the_changelog_has_an_entry_for_this_version() -> None:
    version = toml("pyproject.toml")["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\]", text("CHANGELOG.md"), re.MULTILINE)


def test_each_decision_has_a_number_of_its_own_and_says_what_follows() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))
    for path in decisions:
        headings = re.findall(r"^## (.+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path
