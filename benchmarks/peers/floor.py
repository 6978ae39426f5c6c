"""The floor of our host: a bare ASGI route of Litestar reads the body and answers a constant."""

from __future__ import annotations

import json

from litestar import Litestar, asgi
from litestar.types import Receive, Scope, Send

from benchmarks.peers.world import PEOPLE

_ME = {name: PEOPLE[0][name] for name in ("id", "name", "roles")}
_ANSWER = json.dumps({"data": {"me": _ME}}, separators=(",", ":")).encode()
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_ANSWER)).encode()),
]


@asgi("/graphql", copy_scope=False)
async def _constant(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER, "more_body": False})


app = Litestar([_constant], openapi_config=None, logging_config=None)
