"""``examples/shop``: what a stranger builds on our wheel, in an environment of its own.

The environment also has PyPI's ``schema``, a library called as the application of this repository.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
PEOPLE = {"clerk": "clerk", "packer": "packer", "buyer": "user", "rival": "user"}
"""Who is there, and the role of each."""


@dataclass(frozen=True)
class Project:
    """A copy of the example, and the environment that it is installed in.

    Attributes:
        folder: of the copy.
        programs: the folder of the environment's programs.
    """

    folder: Path
    programs: Path

    def run(self, program: str, *arguments: str, given: str = "") -> str:
        """Run a program of the environment and return what it prints; it must succeed."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of the shop, and nothing of whoever runs the tests."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GRAPH_API_") and name != "DATABASE_URL"
        }
        return inherited | {
            "GRAPH_API_SCHEMA": "shop:schema",
            "GRAPH_API_ISSUER": "http://localhost",
            "GRAPH_API_SECRET_KEY": "of this test, and of nothing else anywhere",
        }


@dataclass(frozen=True)
class Answer:
    """What the shop answers.

    Attributes:
        status: of HTTP.
        data: None if nothing was executed.
        errors: as ``path code``.
    """

    status: int
    data: Any
    errors: list[str]


@dataclass(frozen=True)
class Shop:
    """The running shop."""

    http: httpx.Client
    tokens: dict[str, str]

    def ask(self, document: str, *, as_: str | None = None, **variables: Any) -> Answer:
        """Post a document as one of ``PEOPLE``, or as nobody."""
        headers = {"Authorization": f"Bearer {self.tokens[as_]}"} if as_ else {}
        body = {"query": document, "variables": variables}
        response = self.http.post("/graphql", json=body, headers=headers)
        answer = response.json()
        errors = [
            f"{'.'.join(map(str, each['path']))} {each['extensions']['code']}"
            for each in answer.get("errors", [])
        ]
        return Answer(response.status_code, answer.get("data"), errors)

    def sign_in(self, person: str) -> None:
        document = """mutation ($email: String!, $password: String!) {
            login(input: {email: $email, password: $password}) { accessToken }
        }"""
        answer = self.ask(document, email=f"{person}@example.com", password=PASSWORD)
        self.tokens[person] = answer.data["login"]["accessToken"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(folder)], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the example in an environment that has our wheel, the example and ``schema``."""
    folder = tmp_path_factory.mktemp("project")
    state = shutil.ignore_patterns(".*", "__pycache__")
    copy = shutil.copytree(ROOT / "examples" / "shop", folder / "shop", ignore=state)
    venv.create(folder / "venv")
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    constraints = ("-c", str(ROOT / "constraints.txt"))
    install = (*installer(programs / "python"), *constraints)
    subprocess.run([*install, str(wheel), "schema>=0.7.7", "-e", str(copy)], check=True)
    return Project(copy, programs)


@pytest.fixture(scope="module")
def shop(project: Project) -> Iterator[Shop]:
    """Return the shop with people, a teapot and an order of it by ``buyer``."""
    project.run("graph-api", "migrate")
    for person, role in PEOPLE.items():
        account = (f"{person}@example.com", "--role", role, "--password-stdin")
        project.run("graph-api", "users", "create", *account, given=PASSWORD)
    with served(project) as url, httpx.Client(base_url=url) as http:
        shop = Shop(http, {})
        for person in PEOPLE:
            shop.sign_in(person)
        added = shop.ask(ADD_PRODUCT, as_="clerk")
        ordered = shop.ask(PLACE_ORDER, as_="buyer", product=added.data["addProduct"]["id"])
        assert not added.errors + ordered.errors
        yield shop


@contextmanager
def served(project: Project) -> Iterator[str]:
    """Start ``graph-api serve`` and yield where it listens."""
    command = [str(project.programs / "graph-api"), "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr
            lines = map(json.loads, server.stderr)
            yield next(f"http://{line['address']}" for line in lines if "address" in line)
        finally:
            server.terminate()


def installer(python: Path) -> list[str]:
    """Return the command that installs into an environment: pip's, or uv's where there is none."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", str(python), "install"]
    return ["uv", "pip", "install", "--python", str(python)]


ADD_PRODUCT = 'mutation { addProduct(name: "Teapot", priceCents: 2000) { id } }'
PLACE_ORDER = """mutation ($product: ID!) {
    placeOrder(productId: $product, shippingAddress: "12 Hill Road", note: "A present.") { id }
}"""
MY_ORDERS = "{ me { shippingAddress orders { nodes { id note product { name } } } } }"
ALL_ORDERS = "{ orders { nodes { note product { name } customer { shippingAddress } } } }"


def test_the_wheel_leaves_the_library_called_schema_alone(project: Project) -> None:
    program = "import schema; print(schema.Schema(int).validate(7))"
    assert project.run("python", "-c", program) == "7\n"


def test_the_migrations_of_both_are_applied(project: Project, shop: Shop) -> None:
    assert project.run("graph-api", "migrate", "--check") == "Nothing to migrate.\n"


def test_its_own_permissions_and_roles_are_those_of_the_server(
    project: Project, shop: Shop
) -> None:
    roles = json.loads(project.run("graph-api", "roles", "list", "--json"))
    [packer] = [role for role in roles if role["name"] == "packer"]
    assert packer["permissions"] == ["order:pack", "order:read"]


def test_anybody_sees_products(shop: Shop) -> None:
    answer = shop.ask("{ products { nodes { name priceCents } } }")
    assert answer.data == {"products": {"nodes": [{"name": "Teapot", "priceCents": 2000}]}}


def test_a_customer_sees_what_the_shop_adds_to_their_user(shop: Shop) -> None:
    me = shop.ask(MY_ORDERS, as_="buyer").data["me"]
    assert me["shippingAddress"] == "12 Hill Road"
    [order] = me["orders"]["nodes"]
    assert (order["note"], order["product"]) == ("A present.", {"name": "Teapot"})


def test_another_customer_finds_nothing_of_it(shop: Shop) -> None:
    [order] = shop.ask(MY_ORDERS, as_="buyer").data["me"]["orders"]["nodes"]
    assert shop.ask(MY_ORDERS, as_="rival").data["me"]["orders"] == {"nodes": []}
    found = shop.ask("query ($id: ID!) { node(id: $id) { id } }", as_="rival", id=order["id"])
    assert (found.data, found.errors) == ({"node": None}, [])


def test_a_clerk_sees_orders_without_notes_and_addresses(shop: Shop) -> None:
    answer = shop.ask(ALL_ORDERS, as_="clerk")
    assert answer.status == 200
    assert answer.data["orders"]["nodes"] == [
        {"note": None, "product": {"name": "Teapot"}, "customer": {"shippingAddress": None}}
    ]
    assert answer.errors == [
        "orders.nodes.0.note FORBIDDEN",
        "orders.nodes.0.customer.shippingAddress FORBIDDEN",
    ]


def test_a_packer_sees_notes_and_addresses(shop: Shop) -> None:
    answer = shop.ask(ALL_ORDERS, as_="packer")
    [order] = answer.data["orders"]["nodes"]
    assert (order["note"], order["customer"]) == ("A present.", {"shippingAddress": "12 Hill Road"})
    assert answer.errors == []


@pytest.mark.parametrize(
    ("document", "person", "status", "error"),
    [
        (ALL_ORDERS, None, 401, "orders UNAUTHENTICATED"),
        (ALL_ORDERS, "buyer", 403, "orders FORBIDDEN"),
        (ADD_PRODUCT, None, 401, "addProduct UNAUTHENTICATED"),
        (ADD_PRODUCT, "packer", 403, "addProduct FORBIDDEN"),
    ],
    ids=["nobody lists", "a buyer lists", "nobody adds", "a packer adds"],
)
def test_who_lacks_the_permission_is_refused_and_nothing_runs(
    shop: Shop, document: str, person: str | None, status: int, error: str
) -> None:
    assert shop.ask(document, as_=person) == Answer(status, None, [error])
    products = shop.ask("{ products { totalCount } }")
    assert products.data == {"products": {"totalCount": 1}}
