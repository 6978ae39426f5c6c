"""What servers do over HTTP: one worker and one core each, loaded from another core, in turns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.load import Next, body_of, press
from benchmarks.pairs import Ratio
from benchmarks.postgresql import temporary_database
from benchmarks.report import Bar, Line, Report, Sheet, Step, figures_of, interval, number, sheet_of
from benchmarks.servers import (
    APOLLO,
    FLOOR,
    MERCURIUS,
    OURS,
    PEERS,
    STRAWBERRY,
    YOGA,
    Peer,
    Server,
    running,
)
from benchmarks.world import World

TYPICAL = 16
"""Connections at which servers are compared; plots are drawn of it."""
CONNECTIONS = (1, 4, TYPICAL, 64)
WITH_TABLES = (OURS, STRAWBERRY)
"""Those whose schema reads from the database."""


@dataclass(frozen=True)
class Case:
    """What is asked.

    Attributes:
        name: what ``--json`` calls it.
        says: what a table calls it.
        document: the operation.
        allowed: whether it is asked by somebody who may read every field.
        connections: with how many it is asked at once, one after the other.
    """

    name: str
    says: str
    document: str
    allowed: bool = True
    connections: Sequence[int] = (TYPICAL,)


ME = Case("me", "me, from memory", "{ me { id name roles } }", connections=CONNECTIONS)
_FIELDS = "id name city email phone"
HUNDRED = Case(
    "people_100",
    "100 people of 5 fields, two of them guarded",
    f"{{ people(first: 100) {{ {_FIELDS} }} }}",
    connections=CONNECTIONS,
)
THOUSAND = Case(
    "people_1000",
    "1,000 people of 5 fields, two of them guarded",
    f"{{ people(first: 1000) {{ {_FIELDS} }} }}",
)
DENIED = Case(
    "denied_1000",
    "1,000 people of 5 fields, two of them denied",
    f"{{ people(first: 1000) {{ {_FIELDS} }} }}",
    allowed=False,
)
FROM_MEMORY = (ME, HUNDRED, THOUSAND, DENIED)
SECONDS = 0.7
"""That a turn takes."""
WARM_UP = 1.0
"""Seconds: engines that compile have done so by then."""
NESTED = "{ authors { name books { title isbn publisher { name } } } }"


@dataclass
class Measured:
    """What one server did in one case.

    Attributes:
        peer: which server.
        rates: requests a second, one for each round.
        latencies: median seconds for an answer, one for each round.
        processor: seconds that it was on the processor for a request, one for each round.
    """

    peer: Peer
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def over(self, other: Measured) -> Ratio:
        """Return requests a second over another's, round by round."""
        return Ratio.of([a / b for a, b in zip(self.rates, other.rates, strict=True)])


@dataclass(frozen=True)
class Comparison:
    """One case with one number of connections: every server, in turns."""

    case: Case
    connections: int
    measured: Sequence[Measured]

    @property
    def name(self) -> str:
        """What ``--json`` calls it."""
        return f"{self.case.name}_{self.connections}"

    def of(self, peer: Peer) -> Measured | None:
        """Return what a server did, None if it was not there."""
        return next((each for each in self.measured if each.peer is peer), None)


def brief(rounds: int, step: Step) -> Report:
    """Compare ours with Strawberry on Litestar: ``me``, with the floor, and 100 people."""
    cases = [_at(ME, TYPICAL), _at(HUNDRED, TYPICAL)]
    with World.on() as world, running([OURS, STRAWBERRY, FLOOR], world) as servers:
        compared = list(compare(servers, world, cases, rounds, step))
    return _report(compared, rounds, [])


def report(rounds: int, step: Step) -> Report:
    """Compare every server that can be started here, by every case."""
    present = [peer for peer in PEERS if not peer.missing]
    left_out = [
        f"{peer.label} is left out: {peer.missing} is missing." for peer in PEERS if peer.missing
    ]
    compared: list[Comparison] = []
    with World.on() as world:
        with running(present, world) as servers:
            compared += compare(servers, world, FROM_MEMORY, rounds, step)
        with running(WITH_TABLES, world) as servers:
            compared += compare(servers, world, [_nested("sqlite")], rounds, step)
    with temporary_database() as url:
        if url is None:
            left_out.append("PostgreSQL is left out: there is no server.")
        else:
            with World.on(url) as world, running(WITH_TABLES, world) as servers:
                compared += compare(servers, world, [_nested("postgresql")], rounds, step)
    return _report(compared, rounds, left_out)


def _at(case: Case, connections: int) -> Case:
    return Case(case.name, case.says, case.document, case.allowed, (connections,))


def _nested(dialect: str) -> Case:
    return Case(f"nested_{dialect}", f"3 levels from {dialect}: 50 authors, 200 books", NESTED)


def compare(
    servers: Sequence[Server],
    world: World,
    cases: Sequence[Case],
    rounds: int,
    step: Step,
) -> Iterator[Comparison]:
    """Load one server after the other, in an order that moves on each round.

    Args:
        servers: those that run.
        world: what they serve.
        cases: what is asked; the floor is asked for ``me`` only.
        rounds: how often each has its turn.
        step: is called with the case after each round.

    Raises:
        AssertionError: two servers gave two answers.
    """
    for case in cases:
        asked = [each for each in servers if case.name == "me" or each.peer is not FLOOR]
        requests = {each.port: request(each.port, case, world) for each in asked}
        _require_same(asked, requests, case)
        for connections in case.connections:
            measured = {each.port: Measured(each.peer) for each in asked}
            comparison = Comparison(case, connections, list(measured.values()))
            for turn in range(rounds):
                for server in (*asked[turn % len(asked) :], *asked[: turn % len(asked)]):
                    send = [_always(requests[server.port])] * connections
                    _press(server, send, measured[server.port])
                step(comparison.name, rounds)
            yield comparison


def request(port: int, case: Case, world: World) -> bytes:
    """Return the whole request, as bytes."""
    session = world.reader if case.allowed else world.stranger
    return post(port, {"query": case.document}, session.access_token)


def post(port: int, members: dict[str, Any], bearer: str | None = None) -> bytes:
    """Return a POST of a GraphQL request."""
    body = json.dumps(members).encode()
    head = [
        "POST /graphql HTTP/1.1",
        f"Host: localhost:{port}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {bearer}"] if bearer else ()),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def _always(message: bytes) -> Next:
    return lambda _: message


def _press(server: Server, send: Sequence[Next], measured: Measured) -> None:
    before = server.processor_seconds
    load = press(server.port, send, SECONDS)
    measured.rates.append(load.rate)
    measured.latencies.append(load.latency)
    measured.processor.append((server.processor_seconds - before) / load.requests)


def _require_same(servers: Sequence[Server], requests: dict[int, bytes], case: Case) -> None:
    """Ask each until it is warm; compare the data, and say whose differs."""
    first: bytes | None = None
    for server in servers:
        load = press(server.port, [_always(requests[server.port])] * 2, WARM_UP)
        data = json.loads(body_of(load.last[0]))["data"]
        first = first or json.dumps(data).encode()
        if json.dumps(data).encode() != first:
            raise AssertionError(f"{case.name}: {server.peer.label} answers {str(data)[:300]}")


def _report(compared: Sequence[Comparison], rounds: int, left_out: Sequence[str]) -> Report:
    lines = list(_targets(compared))
    rates = {
        each.name: {it.peer.name: round(median(it.rates), 1) for it in each.measured}
        for each in compared
    }
    processor = {
        each.name: {it.peer.name: round(median(it.processor) * 1e6, 1) for it in each.measured}
        for each in compared
    }
    about = (
        f"Over HTTP/1.1 on loopback, one worker on one core, loaded from another one by "
        f"benchmarks/load.py; medians of {rounds} rounds of {SECONDS:g} s in turns. The answers "
        "were compared before. All know the token from before."
    )
    targets = (
        [sheet_of("Targets", lines, "Requests a second over requests a second")] if lines else []
    )
    return Report(
        "http",
        " ".join([about, *left_out]),
        [*targets, *map(_sheet, compared)],
        {
            **figures_of(lines),
            "requests_per_second": rates,
            "processor_microseconds": processor,
        },
    )


_GOALS = (
    ("me", FLOOR, 0.4),
    ("me", STRAWBERRY, None),
    ("me", APOLLO, 1.0),
    ("me", YOGA, 1.0),
    ("me", MERCURIUS, None),
    ("people_100", STRAWBERRY, 15),
    ("people_100", APOLLO, 1.0),
    ("people_100", YOGA, 1.0),
    ("people_100", MERCURIUS, 1.0),
    ("people_1000", STRAWBERRY, None),
    ("denied_1000", STRAWBERRY, None),
    ("nested_sqlite", STRAWBERRY, None),
    ("nested_postgresql", STRAWBERRY, None),
)


def _targets(compared: Sequence[Comparison]) -> Iterator[Line]:
    typical = {each.case.name: each for each in compared if each.connections == TYPICAL}
    for name, peer, goal in _GOALS:
        comparison = typical.get(name)
        ours, other = (comparison and comparison.of(each) for each in (OURS, peer))
        if comparison and ours and other:
            says = f"{comparison.case.says} : {peer.label}"
            yield Line(f"{name}_vs_{peer.name}", says, ours.over(other), goal, at_least=True)


def _sheet(comparison: Comparison) -> Sheet:
    base = comparison.of(STRAWBERRY)
    rows = []
    for each in comparison.measured:
        rate = Ratio.of(each.rates)
        over = number(each.over(base).median) if base else ""
        rows.append(
            (
                each.peer.label,
                number(rate.median),
                interval(rate),
                over,
                number(median(each.latencies) * 1e3),
                number(median(each.processor) * 1e6),
            )
        )
    connections = comparison.connections
    columns = ("Server", "Requests/s", "95 % interval", "× Strawberry", "Median ms", "Processor µs")
    bars = [Bar(each.peer.label, Ratio.of(each.rates)) for each in comparison.measured]
    return Sheet(
        f"{comparison.case.says}; {connections} connection{'s' if connections > 1 else ''}",
        columns,
        rows,
        "requests a second",
        bars if connections == TYPICAL else (),
    )
