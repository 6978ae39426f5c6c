"""What docs/clients.md shows of curl happens as it is written.

``…`` in an answer stands for anything, and in a command for the rest of the last token.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.e2e.clients_page import SERVER, blocks
from tests.e2e.observed import Observed
from tests.e2e.serving import require

EXCHANGE = re.compile(r"^\$ (curl .+\n(?:    .+\n)*)(.+)\n", re.MULTILINE)
NAMES = {"ada@example.com": "user@example.com"}


def test_sign_in_use_expire_refresh(server: Observed) -> None:
    require("curl")
    at_first, later = blocks("curl", "console")
    tokens = {"accessToken": "", "refreshToken": ""}
    answers = [_replay(block, server, tokens) for block in (at_first,)]
    server.expire()
    before = dict(tokens)
    answers.append(_replay(later, server, tokens))
    assert sum(answers) == 4
    assert tokens["refreshToken"] != before["refreshToken"]


def _replay(transcript: str, server: Observed, tokens: dict[str, str]) -> int:
    """Run the commands of a transcript, compare each answer, and return how many they are."""
    found = EXCHANGE.findall(transcript)
    for command, expected in found:
        answer = _bash(_mine(command, server), tokens)
        pattern = ".*".join(map(re.escape, _mine(expected, server).split("…")))
        assert re.fullmatch(pattern, answer)
        tokens |= dict(re.findall(r'"(accessToken|refreshToken)":"(.+?)"', answer))
    return len(found)


def _mine(text: str, server: Observed) -> str:
    for theirs, ours in {SERVER: server.url, **NAMES}.items():
        text = text.replace(theirs, ours)
    return text


def _bash(command: str, tokens: dict[str, str]) -> str:
    shell = f"ACCESS={tokens['accessToken']}\nREFRESH={tokens['refreshToken']}\n{command}"
    done = subprocess.run(
        ["bash", "-c", shell], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["ACCESS=eyJ…", "REFRESH=gar1.…"])
def test_the_variables_are_set_to_what_tokens_begin_with(name: str) -> None:
    assert any(f"$ {name}\n" in block for block in blocks("curl", "console"))
