"""The wheel holds the library and nothing else.

``schema/`` is the application of this repository; a distribution called ``schema`` exists on PyPI,
and a wheel with both would overwrite it without a word.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.project.checkout import ROOT, toml, tracked_files

LIBRARY = ROOT / "graph_api"
METADATA = f"graph_api-{toml('pyproject.toml')['project']['version']}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", str(folder)], cwd=ROOT, check=True)
    return ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_one_package(wheel: ZipFile) -> None:
    tops = {Path(name).parts[0] for name in wheel.namelist()}
    assert tops == {"graph_api", METADATA}


def test_the_wheel_holds_every_file_of_the_package(wheel: ZipFile) -> None:
    library = {
        path.relative_to(ROOT).as_posix() for path in tracked_files() if LIBRARY in path.parents
    }
    assert library <= set(wheel.namelist())


def test_the_wheel_says_its_licence_and_that_it_is_typed(wheel: ZipFile) -> None:
    names = wheel.namelist()
    assert "graph_api/py.typed" in names
    assert f"{METADATA}/licenses/LICENSE" in names
