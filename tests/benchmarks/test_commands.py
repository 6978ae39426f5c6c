"""``python -m benchmarks``: what each command prints and writes; how large it is is no test."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import execution, over_http, sign_in
from benchmarks.__main__ import main
from benchmarks.load import BadAnswer, body_of, is_whole, press
from benchmarks.report import target
from benchmarks.servers import PEERS

EXECUTION = {
    "list_vs_strawberry",
    "list_vs_hand_written",
    "short_list_vs_strawberry",
    "short_list_vs_hand_written",
    "me_vs_strawberry",
    "compiled_vs_graphql_core",
    "static_rules_vs_public",
    "denied_vs_allowed",
    "cold_vs_strawberry",
    "bytes_for_each_cached_operation",
    "bytes_for_each_cached_operation_of_strawberry",
}
LIST_WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
IN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"


@pytest.fixture(autouse=True)
def _little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((over_http, "SECONDS"), (over_http, "WARM_UP"), (sign_in, "SECONDS")):
        monkeypatch.setattr(module, name, 0.05)
    for name, few in {"MANY": 20, "FEW": 10, "DOCUMENTS": 3}.items():
        monkeypatch.setattr(execution, name, few)


def run(command: str, folder: Path) -> Any:
    """Measure one round, and return what the last line says."""
    options = ["--quick", "--rounds", "1", "--json", "--results", str(folder)]
    result = CliRunner().invoke(main, [command, *options], catch_exceptions=False)
    page = (folder / f"{command}.md").read_text("utf-8")
    assert page.startswith(f"# {command}\n")
    assert re.search(
        r"commit ([0-9a-f]{7,}|unknown).*; .*strawberry-graphql \d.*mercurius \d", page
    )
    return json.loads(result.stdout.splitlines()[-1])


def test_operations_in_process_give_the_same_answers_and_are_compared(tmp_path: Path) -> None:
    measured = run("execution", tmp_path)
    assert measured.keys() == EXECUTION
    assert all(value > 0 for value in measured.values())


def test_rows_of_a_database_take_one_statement(tmp_path: Path, postgresql_server: None) -> None:
    measured = run("database", tmp_path)
    assert measured["sqlite_statements"] == measured["postgresql_statements"] == 1
    assert {"sqlite_wall", "postgresql_wall", "postgresql_processor"} <= measured.keys()


def test_servers_are_started_and_compared(tmp_path: Path) -> None:
    measured = run("http", tmp_path)
    assert measured["people_100_vs_strawberry_litestar"] > 0
    assert measured["me_vs_floor"] > 0
    three = {"ours", "strawberry_litestar", "floor"}
    assert measured["requests_per_second"]["me_16"].keys() == three
    assert measured["processor_microseconds"]["me_16"].keys() == three
    assert measured["requests_per_second"]["people_100_16"].keys() == three - {"floor"}


def test_a_refresh_sends_what_the_refresh_before_got(tmp_path: Path) -> None:
    measured = run("sign_in", tmp_path)
    assert measured["refresh_ms"] > 0
    assert measured["login_over_argon2_ms"] == pytest.approx(
        measured["login_ms"] - measured["argon2_ms"], abs=0.01
    )


def test_every_peer_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.servers.find_spec", lambda _: None)
    monkeypatch.setattr("benchmarks.servers.shutil.which", lambda _: None)
    assert all(peer.missing for peer in PEERS)


@pytest.mark.parametrize("answer", [LIST_WITH_LENGTH, IN_CHUNKS])
def test_an_answer_ends_where_its_head_says(answer: bytes) -> None:
    assert [is_whole(answer[:end]) for end in range(len(answer))] == [False] * len(answer)
    assert is_whole(answer)
    assert body_of(answer) == b"{}"


def test_load_stops_at_an_answer_that_is_not_200() -> None:
    with pytest.raises(BadAnswer, match="503"):
        is_whole(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def test_each_connection_gets_its_own_answers_to_send_the_next() -> None:
    with echoing() as port:
        load = press(port, [lambda answer: b"." + body_of(answer)[:9]] * 2, 0.05)
    assert load.requests >= 2
    assert load.requests == len(load.latencies)
    assert {len(body_of(answer)) for answer in load.last} <= set(range(1, 11))


@pytest.mark.parametrize(
    ("value", "at_least", "said"),
    [
        (1.2, False, "≤ 1.1 ✗"),
        (1.1, False, "≤ 1.1 ✓"),
        (1.2, True, "≥ 1.1 ✓"),
        (1, True, "≥ 1.1 ✗"),
    ],
)
def test_a_target_says_whether_it_is_met(value: float, at_least: bool, said: str) -> None:
    assert target(value, 1.1, at_least=at_least) == said


@contextmanager
def echoing() -> Iterator[int]:
    """Answer each request by its own bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        while sent := connection.recv(1_000):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(sent)}\r\n\r\n"
            connection.sendall(head.encode() + sent)
