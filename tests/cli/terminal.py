"""A working folder with an environment of its own, in which commands are typed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

import graph_api
from graph_api.cli import main

DEADLINE = 60
"""Seconds in which a server must have started, or stopped."""
ADDRESS = re.compile(
    r'http://localhost:(?P<dev>\d+)/graphql|"address":"127\.0\.0\.1:(?P<serve>\d+)"'
)
SECRET = "a-secret-key-of-the-tests-0123456789-abcdefgh"
SERVE = {"GRAPH_API_SECRET_KEY": SECRET, "GRAPH_API_ISSUER": "http://localhost"}
"""What ``serve`` must be given."""
PACKAGE_FOLDER = str(Path(graph_api.__file__).parents[1])


@dataclass
class Terminal:
    """Where commands are typed.

    Attributes:
        folder: the working folder.
        env: variables beside those of the machine.
    """

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, typed: str = "", obj: Any = None) -> Result:
        """Run a command in this process."""
        runner = CliRunner()
        return runner.invoke(
            main,
            arguments,
            prog_name="graph-api",
            input=typed,
            env=self.env,
            obj=obj,
            catch_exceptions=False,
        )

    def do(self, *arguments: str, typed: str = "") -> str:
        """Run a command that must succeed, and return its stdout."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command with ``--json`` and return what it prints."""
        return json.loads(self.do(*arguments, "--json"))

    def refuse(self, *arguments: str, code: int = 1, typed: str = "") -> str:
        """Run a command that must fail, and return its one sentence on stderr."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        return result.stderr

    def paste(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run lines in bash, as somebody would who pastes them."""
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    @contextmanager
    def start(self, *arguments: str, **options: Any) -> Iterator[Running]:
        """Start a server in processes of its own; the rest of them ends with the block."""
        _heed_ctrl_c()
        out, err = self.folder / "stdout.txt", self.folder / "stderr.txt"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "graph_api", *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                **options,
            )
        running = Running(process, out, err)
        try:
            yield running
        finally:
            running.end()

    def _environment(self) -> Mapping[str, str]:
        commands = self.folder / ".bin"
        _write_command(commands)
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PYTHONPATH": PACKAGE_FOLDER, "PATH": path} | self.env


def _heed_ctrl_c() -> None:
    """Undo what a shell does to commands in the background, which those they start inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class Running:
    """A server that runs as its users see it: what it prints, and its signals."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def stdout(self) -> str:
        return self.out.read_text()

    @property
    def stderr(self) -> str:
        return self.err.read_text()

    def wait_for(self, text: str) -> str:
        """Wait until a text has been printed to either stream, and return both."""
        eventually(lambda: self._ended() or text in self.stdout + self.stderr)
        assert text in self.stdout + self.stderr, self.stderr
        return self.stdout + self.stderr

    def url(self) -> str:
        """Return where a server says that it listens."""
        eventually(lambda: self._ended() or bool(ADDRESS.search(self.stdout + self.stderr)))
        found = ADDRESS.search(self.stdout + self.stderr)
        assert found, self.stderr
        return f"http://localhost:{found['dev'] or found['serve']}"

    def press_ctrl_c(self) -> int:
        """Send what a terminal sends to all of its processes, and return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(DEADLINE)

    def terminate(self) -> int:
        """Send what a supervisor sends, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def wait(self) -> int:
        return self.process.wait(DEADLINE)

    def end(self) -> None:
        """Kill what is left of the processes of this session."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE)

    def _ended(self) -> bool:
        return self.process.poll() is not None


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most until the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "the deadline has passed"
        time.sleep(0.02)


def _write_command(folder: Path) -> None:
    """Put ``graph-api``, of this Python and this checkout, into a folder for the PATH."""
    folder.mkdir(exist_ok=True)
    command = folder / "graph-api"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m graph_api "$@"\n')
    command.chmod(0o755)
