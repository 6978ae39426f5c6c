"""What signing in costs over one argon2 verification, and what a refresh costs."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Next, body_of, press
from benchmarks.over_http import post
from benchmarks.pairs import Ratio
from benchmarks.report import Bar, Report, Sheet, Step, interval, number, target
from benchmarks.servers import OURS, Server, running
from benchmarks.world import PASSWORD, READER, World
from graph_api.accounts.passwords import Passwords

LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { accessToken expiresIn } }"
REFRESH = "mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }"
SECONDS = 1.0
"""That a turn takes."""
ALLOWED_OVER_ARGON2 = 3.0
"""Milliseconds."""


def report(rounds: int, step: Step) -> Report:
    """Measure logins and refreshes, one at a time, in turns with verifications alone."""
    figures: dict[str, list[float]] = {name: [] for name in SAYS}
    with World.on() as world, running([OURS], world) as [server], asyncio.Runner() as runner:
        password = _Password(runner)
        token = world.reader.refresh_token
        for _ in range(rounds):
            verified = password.verify()
            login = _once(server, lambda _: _login(server.port))
            refresh = _once(server, _Refreshing(server.port, token))
            token = _refreshed(refresh.answer)
            for name, value in {
                "argon2_ms": verified.wall,
                "login_ms": login.wall,
                "login_over_argon2_ms": login.wall - verified.wall,
                "login_over_argon2_processor_ms": login.processor - verified.processor,
                "refresh_ms": refresh.wall,
                "refresh_processor_ms": refresh.processor,
            }.items():
                figures[name].append(value)
            step("sign_in", rounds)
    return _report({name: Ratio.of(values) for name, values in figures.items()}, rounds)


SAYS = {
    "argon2_ms": "One argon2 verification",
    "login_ms": "A login over HTTP",
    "login_over_argon2_ms": "What the login takes more",
    "login_over_argon2_processor_ms": "The same on the processor",
    "refresh_ms": "A refresh over HTTP",
    "refresh_processor_ms": "The same on the processor",
}


@dataclass(frozen=True)
class _Took:
    """Milliseconds, and the last answer."""

    wall: float
    processor: float
    answer: bytes = b""


class _Password:
    """A password that is verified with the parameters that the server has."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._passwords = Passwords(concurrency=1, queue=1)
        self._hash = self._runner.run(self._passwords.hash(PASSWORD))

    def verify(self, times: int = 10) -> _Took:
        walls, before = [], time.process_time()
        for _ in range(times):
            start = time.perf_counter()
            self._runner.run(self._passwords.verify(self._hash, PASSWORD))
            walls.append(time.perf_counter() - start)
        processor = (time.process_time() - before) / times
        return _Took(median(walls) * 1e3, processor * 1e3)


@dataclass(frozen=True)
class _Refreshing:
    """Sends the token that came with the answer before."""

    port: int
    first: str

    def __call__(self, answer: bytes) -> bytes:
        token = _refreshed(answer) if answer else self.first
        return post(self.port, {"query": REFRESH, "variables": {"input": {"refreshToken": token}}})


def _refreshed(answer: bytes) -> str:
    token: str = json.loads(body_of(answer))["data"]["refresh"]["refreshToken"]
    return token


def _login(port: int) -> bytes:
    given = {"email": READER, "password": PASSWORD}
    return post(port, {"query": LOGIN, "variables": {"input": given}})


def _once(server: Server, send: Next) -> _Took:
    before = server.processor_seconds
    load = press(server.port, [send], SECONDS)
    processor = (server.processor_seconds - before) / load.requests
    return _Took(load.latency * 1e3, processor * 1e3, load.last[0])


def _report(measured: dict[str, Ratio], rounds: int) -> Report:
    goals = {"login_over_argon2_ms": ALLOWED_OVER_ARGON2}
    rows = [
        (
            SAYS[name],
            number(each.median),
            interval(each),
            target(each.median, goals.get(name)),
        )
        for name, each in measured.items()
    ]
    shown = [Bar(SAYS[name], measured[name]) for name in ("argon2_ms", "login_ms", "refresh_ms")]
    return Report(
        "sign_in",
        "`graph-api serve` on SQLite, one worker, one request at a time, in turns with argon2id "
        f"verifications at the server's parameters on the other core; medians of {rounds} rounds.",
        [Sheet("Signing in", ("", "ms", "95 % interval", "Target"), rows, "ms", shown)],
        {name: round(each.median, 3) for name, each in measured.items()},
    )
