"""The console's page and files, as a browser gets them."""

from __future__ import annotations

import gzip
import re
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from graph_api.http import console

FOLDER = Path(str(files("graph_api.http"))) / "static" / "console"
KEPT = "public, max-age=31536000, immutable"


@pytest.fixture
def client() -> TestClient[Litestar]:
    return TestClient(Litestar([console.console_route()]))


def _directives(answer: httpx.Response) -> dict[str, list[str]]:
    policy = answer.headers["content-security-policy"].split(";")
    return {name: sources for name, *sources in map(str.split, policy)}


def _nonce(answer: httpx.Response) -> str:
    found = re.search(r'ngcspnonce="([^"]+)"', answer.text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["", "/", "/users", "/users/usr_01k", "/sign-in?returnUrl=%2Fa"])
def test_each_path_that_names_no_file_is_the_page_so_that_a_link_into_it_works(
    client: TestClient[Litestar], path: str
) -> None:
    answer = client.get(f"/console{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "<app-root" in answer.text


def test_the_policy_forbids_whatever_it_does_not_name(client: TestClient[Litestar]) -> None:
    answer = client.get("/console")
    assert _directives(answer) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", f"'nonce-{_nonce(answer)}'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["angular", "dompurify", "default"],
    }


def test_the_nonce_is_of_this_very_answer(client: TestClient[Litestar]) -> None:
    assert _nonce(client.get("/console")) != _nonce(client.get("/console"))
    assert "{nonce}" not in client.get("/console").text


def test_the_page_has_no_inline_script_style_or_handler_and_names_no_other_origin(
    client: TestClient[Litestar],
) -> None:
    html = client.get("/console").text
    assert set(re.findall(r"<script[^>]*>(.*?)</script>", html)) == {""}
    assert not re.search(r"<style|<base|\sstyle=|\son\w+=|https?:|//", html)


def test_every_file_is_served_as_what_it_is_and_hashed_ones_are_kept(
    client: TestClient[Litestar],
) -> None:
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for file in FOLDER.iterdir():
        if file.name == "index.html":
            continue
        answer = client.get(f"/console/{file.name}")
        assert answer.content == file.read_bytes()
        kind = answer.headers["content-type"].removesuffix("; charset=utf-8")
        assert kind == types.get(file.suffix, "text/plain")
        is_hashed = file.suffix in {".css", ".js"}
        assert answer.headers["cache-control"] == (KEPT if is_hashed else "public, max-age=3600")


def test_the_files_that_the_page_names_are_there(client: TestClient[Litestar]) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', client.get("/console").text)
    assert len(named) >= 3
    assert {client.get(address).status_code for address in named} == {200}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "gzip"),
        ("br;q=1.0, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_file_is_compressed_for_those_who_take_it(
    client: TestClient[Litestar], accepted: str, coding: str | None
) -> None:
    [name] = [file.name for file in FOLDER.glob("main-*.js")]
    with client.stream("GET", f"/console/{name}", headers={"Accept-Encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    content = (FOLDER / name).read_bytes()
    assert (gzip.decompress(sent) if coding else sent) == content


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "main.js",
        "..%2f..%2fconsole.py",
        "%2e%2e/%2e%2e/console.py",
        "..%5cconsole.py",
        "static/../../../console.py",
    ],
)
def test_no_other_file_can_be_asked_for(client: TestClient[Litestar], name: str) -> None:
    assert client.get(f"/console/{name}").status_code == 404


def test_a_checkout_without_the_build_says_the_command_that_makes_it(
    client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(console, "_folder", lambda: tmp_path / "nothing")
    for path in ("/console", "/console/users", "/console/main.js"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert (
            answer.text
            == "The console is not built: run `just console` in the checkout, then ask again."
        )
        assert answer.headers["cache-control"] == "no-store"
