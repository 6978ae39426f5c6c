"""Programs for Node that stand in folders here, each with a lock file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def install(program: str, folder: Path) -> Path:
    """Install a copy of a program in a folder: nothing is shared with tests that run beside.

    Skips the test where there is no Node, but for CI, where there must be.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        assert not os.environ.get("CI"), f"CI runs {program}: install Node 20 or newer."
        pytest.skip(f"node and npm, which run {program}, are not installed")
    source = Path(__file__).parent / program
    for file in (*source.glob("*.[jt]s"), *source.glob("*.json")):
        shutil.copy(file, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    return folder
