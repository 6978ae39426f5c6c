"""pip and uv install the same releases, from the public index."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.project.checkout import text, toml

OURS = "graph-api"


def test_the_constraints_are_those_of_the_lock_file() -> None:
    constraints = re.findall(r"^([a-z0-9-]+)==([^ \n]+)", text("constraints.txt"), re.MULTILINE)
    locked = toml("uv.lock")["package"]
    assert dict(constraints) == {
        package["name"]: package["version"] for package in locked if package["name"] != OURS
    }


def test_every_constraint_is_one_release_and_pip_can_read_it() -> None:
    """Pip 23.2 refuses extras in a constraint, and a hash would make it ask for all of them."""
    line = re.compile(r"[a-z0-9-]+==[^ ;]+( ; [^\\]+)?")
    assert [it for it in text("constraints.txt").splitlines() if not line.fullmatch(it)] == []


def test_the_lock_file_names_the_public_index_only() -> None:
    urls = re.findall(r'"(https?://[^"]+)"', text("uv.lock"))
    assert {urlsplit(url).hostname for url in urls} == {"pypi.org", "files.pythonhosted.org"}


def test_the_lock_file_is_for_every_python_that_we_support() -> None:
    project = toml("pyproject.toml")["project"]
    assert toml("uv.lock")["requires-python"] == project["requires-python"]
