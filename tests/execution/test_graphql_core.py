"""graphql-core's own tests of execution, run by plans.

They are in its source distribution, which the lock file names; nothing of it is copied here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import graphql
import pytest

from tests.execution import on_plans
from tests.project.checkout import toml

PATHS = (
    "tests/execution",
    "tests/test_graphql.py",
    "tests/test_star_wars_query.py",
    "tests/test_user_registry.py",
)
PLUGIN = Path(on_plans.__file__)
INI = "[pytest]\npython_classes = PyTest*\nmarkers = slow\n"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the source distribution of the release that is installed."""
    sdist = _sdist()
    try:
        with urlopen(sdist["url"], timeout=60) as answer:
            packed = answer.read()
    except (URLError, TimeoutError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{sdist['url']} is not reached: {error}")
    assert f"sha256:{hashlib.sha256(packed).hexdigest()}" == sdist["hash"]
    folder = tmp_path_factory.mktemp("graphql-core")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


def _sdist() -> dict[str, Any]:
    packages = toml("uv.lock")["package"]
    [locked] = (each for each in packages if each["name"] == "graphql-core")
    if locked["version"] != graphql.__version__:
        pytest.skip(f"graphql-core {graphql.__version__} is not the one of the lock file")
    found: dict[str, Any] = locked["sdist"]
    return found


def test_they_pass_on_plans(sources: Path, tmp_path: Path) -> None:
    ini, counts = tmp_path / "pytest.ini", tmp_path / "counts.json"
    ini.write_text(INI)
    command = [sys.executable, "-m", "pytest", "-c", str(ini), "--rootdir", str(sources)]
    command += ["-p", PLUGIN.stem, "-p", "no:cacheprovider", "--quiet", *PATHS]
    environment = os.environ | {"PYTHONPATH": str(PLUGIN.parent), on_plans.COUNTS: str(counts)}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        command,
        cwd=sources,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
    ran = json.loads(counts.read_text())
    assert ran["plan"] > 350, ran
