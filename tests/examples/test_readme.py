"""What README.md shows happens as it is written, in a copy of the checkout.

``…`` in an answer stands for anything, after ``eyJ`` in a command for the rest of the last token.
The port and the password of the demo account are the copy's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
IGNORED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "build", "dist")
LOGIN = """mutation ($email: String!, $password: String!) {
    login(input: {email: $email, password: $password}) { accessToken }
}"""


def section(title: str) -> str:
    """Return what stands below a heading, up to the next one."""
    [text] = re.findall(rf"^#+ {title}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    return str(text)


def blocks(title: str, language: str) -> list[str]:
    """Return the blocks of a language in a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.DOTALL | re.MULTILINE)


[TRANSCRIPT] = blocks("graph-api", "console")
GUARD = "Guard your first field"
[FILE_NAME] = re.findall(r"`(.+?)`:\n\n```python", section(GUARD))
[FILE] = blocks(GUARD, "python")
[DIFF] = blocks(GUARD, "diff")
[MIGRATE, STRANGER] = blocks(GUARD, "console")
[REFUSAL] = blocks(GUARD, "text")
[PRODUCTION] = blocks("Serve it to others", "console")


@dataclass(frozen=True)
class Dev:
    """A running ``graph-api dev``.

    Attributes:
        url: where it listens.
        passwords: of the demo accounts, by address.
    """

    url: str
    passwords: dict[str, str]

    def token(self, email: str) -> str:
        """Sign in as a demo account."""
        account = {"email": email, "password": self.passwords[email]}
        return str(self._post(LOGIN, account)["data"]["login"]["accessToken"])

    def codes(self, document: str, *, as_: str) -> list[str]:
        """Post a query as a demo account and return the codes of the errors."""
        answer = self._post(document, bearer=self.token(as_))
        return [error["extensions"]["code"] for error in answer.get("errors", [])]

    def replayed(self, script: str) -> str:
        """Return a script with this server's address, password and token in place of others'."""
        script = script.replace("http://localhost:8000", self.url)
        script = re.sub(r"eyJ\w*…", self.token("user@demo.test"), script)
        return re.sub(r'(?<=password: \\")\S+(?=\\")', self.passwords["user@demo.test"], script)

    def _post(self, document: str, variables: Any = None, bearer: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        body = {"query": document, "variables": variables}
        return httpx.post(f"{self.url}/graphql", json=body, headers=headers).json()


needs_curl = pytest.mark.skipif(
    not shutil.which("curl") and os.environ.get("CI") != "true",
    reason="the README's curl is absent",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the checkout; its ``.venv`` is the environment that the tests run in."""
    copy = shutil.copytree(ROOT, tmp_path / "graph-api", ignore=IGNORED)
    (copy / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    return copy


@contextmanager
def dev(folder: Path) -> Iterator[Dev]:
    """Start the README's server on a free port."""
    command = [".venv/bin/graph-api", "dev", "--port", "0", "--no-reload"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=settings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout
            screen = "".join(takewhile(lambda line: not line.startswith("Ctrl-C"), server.stdout))
            [url] = re.findall(r"^GraphiQL +(\S+)/graphql$", screen, re.MULTILINE)
            yield Dev(url, dict(re.findall(r"^  (\S+@demo\.test) +(\S+)$", screen, re.MULTILINE)))
        finally:
            server.terminate()


def bash(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=settings(),
        capture_output=True,
        text=True,
        check=False,
    )


def settings() -> dict[str, str]:
    """Return the environment without the settings of whoever runs the tests."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GRAPH_API_") and name != "DATABASE_URL"
    }


def exchanges(transcript: str) -> tuple[str, str]:
    """Return all commands of a transcript as a script, and a pattern for all of its answers."""
    found = re.findall(r"^\$ (.+\n(?:    .+\n)*)((?:[^$\n].*\n)*)", transcript, re.MULTILINE)
    answers = "".join(answer.rstrip("\n") for _, answer in found)
    pattern = ".*".join(map(re.escape, answers.split("…")))
    return "".join(command for command, _ in found), pattern


def apply(diff: str, text: str) -> str:
    """Return the text after the hunks of a diff, which ``…`` separates."""
    for hunk in diff.split("…\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@needs_curl
def test_the_transcript_is_what_a_server_answers(checkout: Path) -> None:
    script, pattern = exchanges(TRANSCRIPT)
    with dev(checkout) as server:
        answers = bash(server.replayed(script), checkout).stdout
    assert re.fullmatch(pattern, answers)


def test_fewer_than_twenty_lines_guard_the_first_field() -> None:
    added = [line for line in DIFF.splitlines() if line.startswith("+")]
    assert len([*filter(None, FILE.splitlines()), *added, *MIGRATE.splitlines()]) < 20


@needs_curl
def test_the_first_field_is_guarded_as_the_readme_says(checkout: Path) -> None:
    with dev(checkout):
        pass  # the reader has started it before
    schema = checkout / "schema" / "__init__.py"
    (checkout / FILE_NAME).write_text(FILE)
    schema.write_text(apply(DIFF, schema.read_text()))
    migrated = bash(MIGRATE, checkout)
    assert migrated.returncode == 0, migrated.stderr

    script, pattern = exchanges(STRANGER)
    with dev(checkout) as server:
        assert re.fullmatch(pattern, bash(server.replayed(script), checkout).stdout)
        assert server.codes("{ notes { text } }", as_="user@demo.test") == ["FORBIDDEN"]
        assert server.codes("{ notes { text } }", as_="editor@demo.test") == []


def test_without_its_rule_the_server_does_not_start(checkout: Path) -> None:
    schema = checkout / "schema" / "__init__.py"
    (checkout / FILE_NAME).write_text(re.sub(r" = strawberry.field\(.*\)", "", FILE))
    schema.write_text(apply(DIFF, schema.read_text()))
    refused = bash(".venv/bin/graph-api dev --port 0", checkout)
    assert (refused.returncode, refused.stderr) == (1, REFUSAL)


def test_after_the_lines_for_production_doctor_finds_nothing(
    checkout: Path, empty_postgresql_url: str
) -> None:
    script = PRODUCTION.replace("postgresql://app@db.example.com/app", empty_postgresql_url)
    script = script.replace("users create", "users create --password-stdin <<< 'as good as random'")
    script = script.replace("graph-api serve\n", "graph-api doctor --serve\n")
    done = bash(f"set -e\n{script}", checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "you@example.com created." in done.stdout
    assert set(re.findall(r"^(ok|failed|skipped) ", done.stdout, re.MULTILINE)) == {"ok"}
