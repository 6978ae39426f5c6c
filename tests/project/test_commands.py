"""The README's two commands are the ones that hold, here and in CI."""

from __future__ import annotations

import re

from tests.project.checkout import text, toml

START = (
    "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e . "
    "&& .venv/bin/graph-api dev"
)
TEST = (
    "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[test]' "
    "&& .venv/bin/pytest"
)


def test_the_readme_shows_the_two_commands_first() -> None:
    blocks = re.findall(r"```console\n(.*?)```", text("README.md"), re.DOTALL)
    assert [block.strip() for block in blocks if ".venv" in block][:2] == [START, TEST]


def test_ci_takes_both_commands_from_the_readme() -> None:
    patterns = re.findall(r"grep -E '(.+)' README\.md", text(".ci/run"))
    taken = [re.findall(pattern, text("README.md"), re.MULTILINE) for pattern in patterns]
    assert sorted(taken) == sorted([[START], [TEST]])


def test_the_tests_show_their_progress() -> None:
    options = toml("pyproject.toml")["tool"]["pytest"]["ini_options"]["addopts"]
    assert not {"-q", "--quiet", "-qq", "--no-header"} & set(options)


def test_the_installed_command_is_the_one_that_the_readme_starts() -> None:
    assert toml("pyproject.toml")["project"]["scripts"] == {"graph-api": "graph_api.cli:main"}


def test_no_document_installs_the_strangers_package_of_our_name() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        assert not re.search(r"(pip install|uvx|pipx (run|install)) graph-api", text(name)), name
