"""The corpus of forged tokens, sent to the server: none of them reaches a resolver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from schema import schema
from tests.api import Client
from tests.attacks.forgeries import FORGERIES, Genuine

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
    # Not the issuer, as it is by default: one forgery names the one for the other.
    pytest.mark.parametrize("server_settings", [{"audience": "https://audience.example.com"}]),
]

INVALID = 'Bearer realm="graph-api", error="invalid_token"'


@pytest.fixture
def executed() -> Iterator[list[str]]:
    """The documents that were handed to the schema."""
    documents: list[str] = []
    respond = schema.respond

    async def watched(document: Any, **options: Any) -> object:
        documents.append(document.node.loc.source.body)
        return await respond(document, **options)

    with patch.object(schema, "respond", watched):
        yield documents


async def test_no_forged_token_reaches_the_schema(client: Client, executed: list[str]) -> None:
    """RFC 6750, section 3.1: invalid_token is 401, whatever was asked, also what all may read."""
    admin = await client.sign_in("admin")
    keystore = client.accounts.keystore
    genuine = Genuine(admin.access_token, keystore.keys().signing)
    assert (await client.ask("{ genuine: me { id } }", as_=admin.access_token)).status == 200
    sent = 0
    for forgery in FORGERIES:
        # HTTP trims a header (RFC 9110, section 5.5), and h11 refuses what is no visible ASCII.
        token = forgery.forge(genuine).strip() if forgery.against == "ES256" else genuine.token
        if token == genuine.token or not (token.isascii() and token.isprintable()):
            continue
        sent += 1
        answer = await client.ask("{ me { id } }", as_=token)
        assert (answer.status, answer.challenge) == (401, INVALID), forgery
        assert answer.body.keys() == {"errors"}, forgery
        assert answer.errors[0]["extensions"]["reason"] == "token_invalid", forgery
    assert sent > 300
    assert executed == ["{ genuine: me { id } }"]
