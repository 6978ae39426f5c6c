"""Logs: one line a request, JSON or readable, and nothing that was said in confidence."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from graph_api.observability import (
    CUT,
    Confidential,
    begin_request,
    configure,
    log_request,
    redact,
)
from graph_api.settings import Mode
from tests.http.serving import CANARY, client, serve

pytestmark = pytest.mark.anyio

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _written(mode: Mode = "serve", level: str = "debug") -> io.StringIO:
    stream = io.StringIO()
    configure(mode, level, stream=stream)
    return stream


def _parsed(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_request_is_one_line_of_json_without_its_query_string() -> None:
    stream = _written()
    async with client(serve()) as api:
        response = await api.post(
            f"/graphql?password={CANARY}",
            json={"query": f'query Greet {{ hello(name: "{CANARY}") }}'},
            headers={"Authorization": "Bearer ada"},
        )
    [line] = _parsed(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("ms") > 0
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "graph_api.access",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "request_id": response.headers["x-request-id"],
        "operation": "Greet",
        "type": "query",
        "subject": "ada",
    }


async def test_the_line_says_why_graphql_core_ran_the_operation() -> None:
    stream = _written()
    async with client(serve()) as api:
        await api.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
    [line] = _parsed(stream)
    assert (line["status"], line["graphql_core"]) == (200, "introspection")


async def test_a_handler_of_somebody_elses_sees_the_line_of_a_request_as_well() -> None:
    stream = _written()
    theirs = io.StringIO()
    handler = logging.StreamHandler(theirs)
    logging.getLogger().addHandler(handler)
    async with client(serve()) as api:
        await api.post("/graphql", json={"query": "query Greet { hello }"})
    assert "'status': 200" in theirs.getvalue()
    [line] = _parsed(stream)
    assert (line["event"], line["operation"], line["status"]) == ("request", "Greet", 200)


async def test_the_line_of_a_request_is_the_same_by_both_ways() -> None:
    stream = _written()
    async with client(serve()) as api:
        for handler in (logging.NullHandler(), None):
            if handler:
                logging.getLogger().addHandler(handler)
            await api.get(f"/eyJhbGciOiJub25lIn0.{CANARY}.x")
            logging.getLogger().handlers = logging.getLogger().handlers[:1]
    roundabout, straight = _parsed(stream)
    for line in (roundabout, straight):
        assert len(line.pop("timestamp")) == len("2026-01-01T00:00:00.000000Z")
        assert {line.pop("ms") > 0, len(line.pop("request_id"))} == {True, 32}
    assert roundabout == straight
    assert straight["path"] == f"/{CUT}"


async def test_what_an_application_binds_by_structlog_stands_in_the_line_too() -> None:
    stream = _written()
    begin_request("0123456789")
    structlog.contextvars.bind_contextvars(tenant="acme", bearer=f"bearer {CANARY}")
    log_request(logging.INFO, 0.1, {"method": "GET", "path": "/", "status": 200})
    [line] = _parsed(stream)
    assert (line["tenant"], line["request_id"], line["ms"]) == ("acme", "0123456789", 0.1)
    assert CANARY not in stream.getvalue()


async def test_a_path_of_any_length_and_kind_is_one_line() -> None:
    stream = _written()
    paths = ["/" + "x" * 5_000, '/"\n\\', "/é", "/eyJhbGciOiJub25lIn0.x.y"]
    for path in paths * 2:
        begin_request("0123456789")
        log_request(logging.INFO, 0.1, {"method": "GET", "path": path, "status": 404})
    assert [line["path"] for line in _parsed(stream)] == [*paths[:3], f"/{CUT}"] * 2


async def test_a_request_id_that_looks_like_a_token_is_not_kept() -> None:
    stream = _written()
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
    app = serve(trusted_proxies=("203.0.113.0/24",))
    async with client(app) as api:
        response = await api.get("/missing", headers={"X-Request-ID": token})
    [line] = _parsed(stream)
    assert line["request_id"] == response.headers["x-request-id"] != token


async def test_nothing_of_one_request_stands_in_the_line_of_the_next() -> None:
    stream = _written()
    async with client(serve()) as api:
        headers = {"Authorization": "Bearer ada"}
        await api.post("/graphql", json={"query": "query A { hello }"}, headers=headers)
        await api.post("/graphql", json={"query": "{"})
    assert not {"operation", "type", "subject"} & _parsed(stream)[-1].keys()


async def test_a_path_can_not_forge_a_line() -> None:
    stream = _written("dev")
    async with client(serve()) as api:
        await api.get("/%0aforged%1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("mode", ["serve", "dev"])
@pytest.mark.parametrize(
    "body",
    [
        {"query": f'{{ broken(password: "{CANARY}") }}'},
        {"query": f'{{ broken(password: """{CANARY}""") }}'},
        {"query": "query($p: String!) { broken(password: $p) }", "variables": {"p": CANARY}},
        {"query": f'{{ hello(name: "{CANARY}" '},
        {"query": f'{{ missing(name: "{CANARY}") }}'},
        {"query": f'{{ hello(times: "{CANARY}") }}'},
        {"query": "query($n: Int) { hello(times: $n) }", "variables": {"n": CANARY}},
        {"query": f'mutation {{ login(password: "{CANARY}") administer }}'},
        {"query": "mutation($p: String) { login(password: $p) }", "variables": {"p": [CANARY]}},
        {"query": 1, "variables": CANARY},
        {"query": "{ hello }", "operationName": CANARY},
    ],
)
@pytest.mark.parametrize("bearer", [None, "ada", "crash", CANARY])
async def test_canary_no_line_holds_a_password_a_token_or_a_literal(
    mode: Mode, body: dict[str, Any], bearer: str | None
) -> None:
    stream = _written(mode)
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    async with client(serve()) as api:
        await api.post("/graphql", json=body, headers=headers | {"Cookie": f"session={CANARY}"})
        query = {key: v if isinstance(v, str) else json.dumps(v) for key, v in body.items()}
        await api.get("/graphql", params=query, headers=headers)
    assert stream.getvalue().count("request_id") >= 2
    assert CANARY not in stream.getvalue()


async def test_an_exception_keeps_what_was_not_said_in_the_request() -> None:
    stream = _written()
    async with client(serve()) as api:
        await api.post("/graphql", json={"query": f'{{ broken(password: "{CANARY}") }}'})
    [failure] = [line for line in _parsed(stream) if line["level"] == "error"]
    assert f"RuntimeError: can't work with {CUT}" in failure["exception"]
    assert "serving.py" in failure["exception"]


async def test_in_dev_an_exception_has_its_traceback_without_the_values_of_variables() -> None:
    stream = _written("dev")
    async with client(serve()) as api:
        await api.post("/graphql", json={"query": f'{{ broken(password: "{CANARY}") }}'})
    assert f"RuntimeError: can't work with {CUT}" in stream.getvalue()
    assert "locals" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln",
        "gar1.ses_01h455vb4pex5vsknk084sn02q.17.bWFj",
        "Authorization: Bearer s3cr3t-opaque",
        "postgresql://app:s3cr3t@db/app",
    ],
)
async def test_tokens_and_passwords_of_urls_are_cut_out_wherever_they_stand(text: str) -> None:
    event = redact(
        None, "", {"event": f"failed with {text}!", "password": "x", "access_token": "y"}
    )
    assert CUT in event["event"]
    assert not any(part in event["event"] for part in ("eyJ", "gar1", "s3cr3t"))
    assert event["password"] == event["access_token"] == CUT


@given(
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=4).filter(str.strip),
    written=st.sampled_from([str, repr, json.dumps]),
)
async def test_whatever_a_variable_holds_is_cut_out_however_it_is_written(
    secret: str, written: Callable[[str], str]
) -> None:
    with Confidential("query($v: X) { a }", {"v": {"list": [{"deep": secret}]}}):
        event = redact(None, "", {"event": f"<{written(secret)}>"})
    assert event["event"].replace(CUT, "").strip("<>'\"") == ""


async def test_with_more_literals_than_can_be_looked_for_the_text_is_left_out() -> None:
    with Confidential("{ a }", {"list": [f"value-{n}" for n in range(2_000)]}):
        assert redact(None, "", {"event": "the value-7 is wrong"}) == {"event": CUT}


async def test_libraries_write_warnings_only_and_by_the_same_way() -> None:
    stream = _written()
    logging.getLogger("sqlalchemy.engine").info("INSERT %s", CANARY)
    logging.getLogger("aiosqlite").debug("executing %s", CANARY)
    logging.getLogger("strawberry.execution").error("mutation { login(password: %s) }", CANARY)
    logging.getLogger("uvicorn.access").info('"GET /graphql?query=%s"', CANARY)
    logging.getLogger("somebody").warning("the disk is full")
    [line] = _parsed(stream)
    assert line["event"] == "the disk is full"
    assert line["logger"] == "somebody"


async def test_uvicorn_prepares_no_line_of_its_own() -> None:
    config = uvicorn.Config(serve(), log_config=None, access_log=False)
    _written()
    assert not HttpToolsProtocol(config, ServerState(), {}).access_log


async def test_dev_is_readable() -> None:
    stream = _written("dev")
    async with client(serve()) as api:
        await api.post("/graphql", json={"query": "{ hello }"})
    assert "request" in stream.getvalue()
    assert "status=200" in stream.getvalue()


async def test_the_level_that_is_set_holds() -> None:
    stream = _written(level="error")
    async with client(serve()) as api:
        await api.post("/graphql", json={"query": "{ hello }"})
    assert stream.getvalue() == ""
