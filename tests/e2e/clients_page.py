"""The blocks of docs/clients.md, by the heading that they stand below."""

from __future__ import annotations

import re

from tests.project.checkout import text

PAGE = text("docs/clients.md")
SERVER = "https://api.example.com"


def blocks(heading: str, language: str) -> list[str]:
    """Return the blocks of a language below a heading, up to the next one."""
    [below] = re.findall(rf"^#+ {heading}\n(.*?)(?=^#+ |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```", below, re.DOTALL | re.MULTILINE)


def files(language: str) -> dict[str, str]:
    """Return each block that names its file in its first line."""
    named = re.findall(
        rf"^```{language}\n((?://|\#) ([\w.]+)\b.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    return {name: block for block, name in named}
