"""The npm package graphql-http audits the running server against GraphQL over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from tests.e2e import node
from tests.http.serving import serve

LEVELS = ("MUST", "SHOULD", "MAY")


@pytest.fixture
def url() -> Iterator[str]:
    """A real server on a free port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(serve(), ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
    server.should_exit = True
    thread.join()
    listening.close()


def test_every_must_and_every_should_passes(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = node.install("graphql-http", tmp_path)
    audited = subprocess.run(
        ["node", "audit.js", url], cwd=suite, check=True, capture_output=True, timeout=120
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
