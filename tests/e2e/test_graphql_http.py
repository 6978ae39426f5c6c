"""The npm package graphql-http audits the running server against GraphQL over HTTP."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e import node

LEVELS = ("MUST", "SHOULD", "MAY")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_every_must_and_every_should_passes(
    tmp_path: Path, issuer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = node.install("graphql-http", tmp_path)
    audited = subprocess.run(
        ["node", "audit.js", f"{issuer}/graphql"],
        cwd=suite,
        check=True,
        capture_output=True,
        timeout=120,
    )
    results = json.loads(audited.stdout)
    counts = Counter((result["name"].split()[0], result["status"]) for result in results)
    with capsys.disabled():
        print(f"\ngraphql-http: {len(results)} audits")  # noqa: T201 - the counts are wanted
        for (level, status), count in sorted(counts.items()):
            print(f"  {level} {status}: {count}")  # noqa: T201 - as above
    assert {level for level, _ in counts} <= set(LEVELS)
    assert len(results) >= 60
    failed = [
        f"{result['id']} {result['name']}: {result['reason']}"
        for result in results
        if result["status"] != "ok"
    ]
    assert failed == []
