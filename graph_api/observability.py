"""Logs: one stream of lines, JSON in ``serve`` and readable in ``dev``, and no secret in any.

Lines of other libraries go the same way. What a request said (the strings and numbers of its
document and variables, passwords among them) is cut out of every line that is written while the
request is handled, whoever writes it; so an exception may be logged with its message.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

CUT = "[redacted]"

_OURS = ("graph_api", "uvicorn.error")
"""Whose lines follow the level that is set. Libraries write what they were given at their lower
levels (SQLAlchemy and aiosqlite each statement with its parameters): of them, warnings only."""

_SILENT = ("uvicorn.access", "strawberry.execution")
"""Who writes what we write ourselves, with the query string or the operation's text in it."""

_SECRET_KEY = re.compile(
    r"password|secret|token|authorization|cookie|query|variables|document", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]+\.[\w-]*\.[\w-]*"  # a JWT
    r"|gar\d+\.\S+"  # a refresh token
    r"|\$argon2[^\s'\"]+"  # the hash of a password
    r"|(?<=DETAIL:)[^\n]*"  # PostgreSQL: the row that it refuses, with hash or salt
    r"|(?<=bearer )\S+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]*(?=@)",  # the user and the password of a URL
    re.IGNORECASE,
)
_STRING = re.compile(r'"""(?:\\"""|[^"]|"(?!""))*"""|"(?:\\.|[^"\\\n])*"')
_NUMBER = re.compile(r"(?<![\w$])-?\d[\d.eE+-]*")
_MOST_LITERALS = 1_000
_LONGEST_KEPT = 200
"""Characters of a path with which lines are remembered."""

_encode = msgspec.json.Encoder().encode
_root = logging.getLogger()
_access = logging.getLogger("graph_api.access")
_requests = structlog.stdlib.get_logger(_access.name)
_notes: ContextVar[dict[str, str] | None] = ContextVar("notes", default=None)
_said: ContextVar[tuple[str, Mapping[str, Any] | None] | None] = ContextVar("said", default=None)


def configure(mode: Literal["dev", "serve"], level: str, *, stream: TextIO = sys.stderr) -> None:
    """Send every log line of this process to a stream.

    Args:
        mode: ``serve`` writes a JSON object a line, ``dev`` text for people.
        level: the lowest level of our own lines; of libraries' lines, warnings are the lowest.
        stream: where the lines go.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _merge_notes,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _JsonLines(stream) if mode == "serve" else logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _renderer(mode),
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _take_over(handler, level.upper())


def begin_request(request_id: str) -> None:
    """Have every line say this id from now on, and nothing of the request before.

    Args:
        request_id: by which the lines of a request are found; it is written as it is.
    """
    structlog.contextvars.clear_contextvars()
    _notes.set({"request_id": request_id})


def note(**fields: str | None) -> None:
    """Add fields to every later line of this request; those that are None are left out."""
    notes = _noted()
    for name, value in fields.items():
        if value is not None:
            notes[name] = value


def _noted() -> dict[str, str]:
    notes = _notes.get()
    if notes is None:  # outside of a request
        _notes.set(notes := {})
    return notes


def log_request(level: int, ms: float, fields: Mapping[str, str | int]) -> None:
    """Write the line of a request that is over.

    There is one for each request, so it goes past structlog and the records of the standard library
    where nobody looks at them: if the only handler is that of ``serve`` and only we noted things.

    Args:
        level: the level, as in :mod:`logging`.
        ms: how long the request took, in milliseconds.
        fields: what else the line says, such as ``status``; the same for many requests.
    """
    said = {**_noted(), **fields}
    match _access.handlers or _root.handlers:
        case [_JsonLines() as lines] if not structlog.contextvars.get_contextvars():
            if _access.isEnabledFor(level):
                lines.write_request(level, ms, said)
        case _:
            _requests.log(level, "request", **said, ms=ms)


def could_be_secret(text: str) -> bool:
    """Whether something in a text looks like a token or a password."""
    return _SECRET_TEXT.search(text) is not None


class Confidential:
    """A context in which the literals of an operation are cut out of every line."""

    __slots__ = ("_before", "_said")

    def __init__(self, document: str, variables: Mapping[str, Any] | None) -> None:
        self._said = (document, variables)

    def __enter__(self) -> None:
        self._before = _said.set(self._said)

    def __exit__(self, *_: object) -> None:
        _said.reset(self._before)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut secrets, and what the request said, out of a line (a structlog processor)."""
    said = _said.get()
    literals = _pattern(_literals(*said)) if said else None
    for key, value in event.items():
        event[key] = _redacted(key, value, literals)
    return event


def _redacted(key: str, value: object, literals: re.Pattern[str] | None) -> object:
    if _SECRET_KEY.search(key):
        return CUT
    if value is None or isinstance(value, bool):
        return value
    is_number = isinstance(value, int | float)
    if is_number and literals is None:
        return value
    text = str(value)
    cut = _SECRET_TEXT.sub(CUT, literals.sub(CUT, text) if literals else text)
    return value if cut == text and is_number else cut


def _pattern(literals: set[str]) -> re.Pattern[str] | None:
    """Match each literal as it is written, in Python and in JSON; short ones as whole words only.

    So many that they would take long to look for match any text: the line is lost, not the secret.
    """
    if len(literals) > _MOST_LITERALS:
        return re.compile(r".+", re.DOTALL)
    written = {
        form
        for literal in literals
        for form in (literal, repr(literal)[1:-1], json.dumps(literal)[1:-1])
        if form.strip()
    }
    longest_first = sorted(written, key=len, reverse=True)
    patterns = [
        re.escape(form) if len(form) > 3 else rf"(?<!\w){re.escape(form)}(?!\w)"
        for form in longest_first
    ]
    return re.compile("|".join(patterns)) if patterns else None


def _literals(document: str, variables: Mapping[str, Any] | None) -> set[str]:
    """Return the strings and numbers of a document, parsed or not, and of its variables."""
    found = set(_NUMBER.findall(document))
    for quoted in _STRING.findall(document):
        found.update((quoted.strip('"'), _unescaped(quoted)))
    rest: list[object] = [variables]
    while rest:
        match rest.pop():
            case dict() as value:
                rest.extend(value.values())
            case list() as value:
                rest.extend(value)
            case None | bool():
                pass
            case value:
                found.add(str(value))
    return found


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted.strip('"')


def _renderer(mode: str) -> Processor:
    if mode == "dev":
        return structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(serializer=_json)


def _json(event: MutableMapping[str, Any], **_options: Any) -> str:
    return _encode(event).decode()


class _JsonLines(logging.StreamHandler[TextIO]):
    """Writes a JSON object a line."""

    def write_request(self, level: int, ms: float, said: dict[str, str | int]) -> None:
        """Write the line that the formatter would write, but for the order of its members."""
        request_id, now = said.pop("request_id", ""), _encode(datetime.now(UTC)).decode()
        is_short = len(str(said["path"])) <= _LONGEST_KEPT
        start = (_start_before if is_short else _start)(level, tuple(said.items()))
        line = f'{start},"timestamp":{now},"request_id":"{request_id}","ms":{ms}}}'
        self.acquire()
        try:
            self.stream.write(line + self.terminator)
            self.stream.flush()
        except Exception:  # noqa: BLE001 -- as `emit` does
            self.handleError(logging.makeLogRecord({"msg": line}))
        finally:
            self.release()


def _start(level: int, said: Iterable[tuple[str, str | int]]) -> str:
    """Return how the lines of many requests start, without secrets."""
    line = {
        "event": "request",
        "level": logging.getLevelName(level).lower(),
        "logger": _access.name,
        **{name: _redacted(name, value, None) for name, value in said},
    }
    return _encode(line).decode()[:-1]


_start_before = lru_cache(maxsize=5_000)(_start)


def _merge_notes(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**_noted(), **event}


def _take_over(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", *_OURS, *_SILENT):
        logging.getLogger(name).handlers.clear()
        # uvicorn prepares lines for whoever might handle them, also those of a disabled logger.
        logging.getLogger(name).propagate = name not in _SILENT
        logging.getLogger(name).disabled = name in _SILENT
