"""docs/permissions.md shows what the commands print."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.cli.terminal import Terminal
from tests.project.checkout import ROOT, text

BLOCKS = re.findall(r"```console\n\$ graph-api (.+)\n((?:.*\n)*?)```", text("docs/permissions.md"))


def test_the_page_has_its_examples() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize(("command", "printed"), BLOCKS)
def test_a_command_of_the_page_prints_what_the_page_says(
    ours: Terminal, command: str, printed: str
) -> None:
    lines = ours.do(*shlex.split(command), "--app-dir", str(ROOT)).splitlines()
    assert [line.rstrip() for line in lines] == printed.splitlines()
