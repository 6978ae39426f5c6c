"""ASP.NET and Hasura aren't at hand here: what docs/clients.md has them check, our tokens hold.

The blocks are read as those two would read them, and held against the discovery document, the keys
and a token of a running server.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.api import email
from tests.e2e.clients_page import SERVER, blocks
from tests.e2e.observed import Observed, observed


@dataclass
class Issued:
    """A token, and what is known of its issuer from the URL alone."""

    configuration: dict[str, Any]
    keys: KeySet
    token: str

    @classmethod
    def by(cls, server: Observed) -> Issued:
        url = f"{server.url}/.well-known/openid-configuration"
        configuration = httpx.get(url).raise_for_status().json()
        keys = httpx.get(configuration["jwks_uri"]).raise_for_status().json()
        return cls(configuration, KeySet.import_key_set(keys), server.log_in())

    def verified(self, algorithms: list[str]) -> jwt.Token:
        return jwt.decode(self.token, self.keys, algorithms=algorithms)


@pytest.fixture(scope="module")
def rs256(populated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Serve with the algorithm that the page wants for Hasura."""
    database = tmp_path_factory.mktemp("rs256") / "server.sqlite3"
    shutil.copy(populated_sqlite, database)
    with observed(database, signing_algorithm="RS256") as running:
        yield running


def test_what_aspnet_checks_holds(server: Observed) -> None:
    [block] = blocks("ASP.NET", "csharp")
    block = block.replace(SERVER, server.url)
    options = dict(re.findall(r"options\.(?:\w+\.)?(\w+) = (.+);", block))
    issued = Issued.by(server)
    assert json.loads(options["Authority"]) == issued.configuration["issuer"]
    algorithms = json.loads(options["ValidAlgorithms"])
    assert algorithms == issued.configuration["id_token_signing_alg_values_supported"]
    token = issued.verified(algorithms)
    assert token.header["typ"] in json.loads(options["ValidTypes"])
    assert token.claims["iss"] == issued.configuration["issuer"]
    assert token.claims["aud"] == json.loads(options["Audience"])
    assert token.claims[json.loads(options["RoleClaimType"])] == ["user"]
    assert token.claims[json.loads(options["NameClaimType"])].startswith("usr_")
    assert options["MapInboundClaims"] == "false"


def test_what_hasura_checks_holds(rs256: Observed) -> None:
    [block] = blocks("Hasura", "json")
    secret = json.loads(block.replace(SERVER, rs256.url))
    issued = Issued.by(rs256)
    assert secret["jwk_url"] == issued.configuration["jwks_uri"]
    assert {key["alg"] for key in issued.keys.as_dict()["keys"]} >= {"RS256"}
    claims = issued.verified(["RS256"]).claims
    assert (secret["issuer"], secret["audience"]) == (claims["iss"], claims["aud"])
    session = {name: _mapped(place, claims) for name, place in secret["claims_map"].items()}
    assert session["x-hasura-default-role"] in session["x-hasura-allowed-roles"]
    me = rs256.post("{ me { id email } }", bearer=issued.token)["data"]["me"]
    assert me == {"id": session["x-hasura-user-id"], "email": email("user")}


def _mapped(place: Any, claims: dict[str, Any]) -> Any:
    """Return what Hasura reads: the claim of a path, or the literal."""
    if isinstance(place, str):
        return place
    path = place["path"].removeprefix("$.")
    return claims[path]
