"""docs/rules.md prints the rules as they are."""

from __future__ import annotations

import re

import pytest

import graph_api
from tests.project.checkout import text

ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \|", re.MULTILINE)
ROWS = [
    (python.replace(r"\|", "|"), printed.replace(r"\|", "|"))
    for python, printed in ROW.findall(text("docs/rules.md"))
]


def test_the_page_has_its_table() -> None:
    assert len(ROWS) == 12


@pytest.mark.parametrize(("python", "printed"), ROWS)
def test_a_rule_of_the_page_is_printed_as_the_page_says(python: str, printed: str) -> None:
    assert eval(python, dict(vars(graph_api))).rule == printed
