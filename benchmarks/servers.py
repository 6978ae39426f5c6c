"""The servers that are compared over HTTP, each a process of its own on one core."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.world import World

ROOT = Path(__file__).parents[1]
NODE = ROOT / "benchmarks" / "peers" / "node"
PATIENCE = 120
"""Seconds that a server gets to start, on a busy machine."""


class CannotStart(Exception):
    """A server ended, or did not listen in time."""


@dataclass(frozen=True)
class Peer:
    """A server that can be started.

    Attributes:
        name: what ``--json`` calls it.
        label: what it is.
        needs: the Python module that it takes, or ``node``.
    """

    name: str
    label: str
    needs: str = "litestar"

    @property
    def missing(self) -> str | None:
        """What has to be installed before it can be started, if anything."""
        if self.needs == "node":
            absent = shutil.which("node") is None or shutil.which("npm") is None
            return "Node 20 and npm" if absent else None
        return None if find_spec(self.needs) else f"{self.needs} (`pip install -e '.[bench]'`)"

    def command(self, port: int) -> list[str]:
        """Return how it is started."""
        if self.name == "ours":
            options = ["--schema", "benchmarks.peers.ours:schema", "--app-dir", str(ROOT)]
            return [sys.executable, "-m", "graph_api", "serve", "--port", str(port), *options]
        if self.needs == "node":
            return ["node", f"{self.name}.js"]
        app = f"benchmarks.peers.{self.name}:app"
        quiet = ["--no-access-log", "--log-level", "critical", "--timeout-keep-alive", "75"]
        return [sys.executable, "-m", "uvicorn", app, "--port", str(port), *quiet]


OURS = Peer("ours", "graph-api serve")
FLOOR = Peer("floor", "Litestar, a bare ASGI route with a constant")
STRAWBERRY = Peer("strawberry_litestar", "Strawberry on Litestar")
FASTAPI = Peer("strawberry_fastapi", "Strawberry on FastAPI", "fastapi")
ARIADNE = Peer("ariadne_asgi", "Ariadne", "ariadne")
YOGA = Peer("yoga", "GraphQL Yoga", "node")
APOLLO = Peer("apollo", "Apollo Server", "node")
MERCURIUS = Peer("mercurius", "Mercurius, jit: 1", "node")
PEERS = (OURS, FLOOR, STRAWBERRY, FASTAPI, ARIADNE, YOGA, APOLLO, MERCURIUS)


@dataclass(frozen=True)
class Server:
    """A server that listens.

    Attributes:
        peer: which one.
        port: where, on loopback.
        process: its process.
    """

    peer: Peer
    port: int
    process: subprocess.Popen[bytes]

    @property
    def processor_seconds(self) -> float:
        """How long it has been on the processor, with all its threads and children."""
        if not Path("/proc/self/schedstat").exists():
            return float("nan")
        return sum(map(_on_processor, _family(self.process.pid)))


def _family(pid: int) -> Iterator[int]:
    """Yield a process and its children: `node` in a virtual environment is a script around Node."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _on_processor(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


@contextmanager
def running(peers: Sequence[Peer], world: World) -> Iterator[list[Server]]:
    """Start servers on the first core; this process stays on the others meanwhile.

    Raises:
        CannotStart: with the last words of the one that did not start.
    """
    if any(peer.needs == "node" for peer in peers) and not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=NODE, check=True)
    with ExitStack() as stack:
        cores = _cores()
        with _on(cores[:1]):
            servers = [stack.enter_context(_started(peer, world)) for peer in peers]
        for server in servers:
            _wait_for(server, world)
        with _on(cores[1:] or cores):
            yield servers


@contextmanager
def _started(peer: Peer, world: World) -> Iterator[Server]:
    port = _free_port()
    environment = {
        **os.environ,
        **world.environment,
        "PORT": str(port),
        "NODE_ENV": "production",
        "PYTHONPATH": str(ROOT),
    }
    # What `serve` logs by default costs it what a log costs; it is not kept.
    log = Path(os.devnull) if peer is OURS else _log(peer, world)
    with log.open("wb") as output:
        process = subprocess.Popen(
            peer.command(port),
            cwd=NODE if peer.needs == "node" else world.folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Server(peer, port, process)
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(server: Server, world: World) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log = _log(server.peer, world)
    words = log.read_text("utf-8")[-2_000:] if log.exists() else "Its logs are not kept."
    raise CannotStart(f"{server.peer.label} did not start. {words}")


def _log(peer: Peer, world: World) -> Path:
    return world.folder / f"{peer.name}.log"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _cores() -> list[int]:
    """Return the cores that we may use; none where the system doesn't let us choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def _on(cores: Sequence[int]) -> Iterator[None]:
    """Run on these cores, and what is started meanwhile for all its life."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
