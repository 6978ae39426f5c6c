"""A server as its operator starts it: a process of its own that others reach over TCP."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal

CHECKOUT = Path(__file__).parents[2]
EMAIL = "ada@example.com"
PASSWORD = "correct horse battery"


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """Yield a socket on a free port, and its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield listener, f"http://localhost:{listener.getsockname()[1]}"


@contextmanager
def serving(site: Terminal, listener: socket.socket, issuer: str) -> Iterator[None]:
    """Serve on a socket, in a process of its own, for as long as the block lasts."""
    site.env["GRAPH_API_ISSUER"] = issuer
    listener.set_inheritable(True)
    fd = listener.fileno()
    arguments = ("serve", "--fd", str(fd), "--app-dir", str(CHECKOUT))
    with site.start(*arguments, pass_fds=(fd,)) as server:
        server.wait_for("Application startup complete")
        yield
        assert server.terminate() == 0


def require(program: str) -> None:
    """Skip a test where a program is not installed, but for CI, where it must be."""
    if shutil.which(program) is None:
        assert not os.environ.get("CI"), f"CI needs {program}."
        pytest.skip(f"{program} is not installed")
