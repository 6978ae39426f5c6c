"""The page of `schema permissions --format html` in a real browser, as a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from graph_api.authorization.matrix import columns, matrix
from graph_api.cli.page import page as matrix_page
from schema import schema


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """Open the page; what it fetches, and what its policy refuses, fails the test."""
    scheme: Literal["light", "dark"] = request.param
    callers = columns(schema.roles, schema.permissions)
    file = tmp_path / "permissions.html"
    file.write_text(matrix_page(matrix(schema.rules, callers), callers), encoding="utf-8")
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda sent: requests.append(sent.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert requests == [file.as_uri()]
    assert complaints == []


def test_it_is_filtered_by_the_words_that_are_typed(page: Page) -> None:
    rows = page.locator("tbody tr[data-rule]:visible")
    everything = rows.count()
    assert everything > 100
    page.get_by_label("Filter").fill("article review")
    expect(page.get_by_text(f"of {everything}")).not_to_have_text(re.compile("^0"))
    for text in rows.all_inner_texts():
        assert "review" in text
    groups = page.locator("th[scope=rowgroup]:visible")
    assert "Article" in groups.all_inner_texts()
    assert "AuditEvent" not in groups.all_inner_texts()
    page.get_by_label("Only what is not open to everyone").check()
    assert all("carrier" not in text for text in rows.all_inner_texts())


def test_headings_stay_and_the_page_itself_does_not_scroll_sideways(page: Page) -> None:
    page.get_by_text("UserConnection.totalCount", exact=True).scroll_into_view_if_needed()
    expect(page.get_by_role("columnheader", name="editor")).to_be_in_viewport()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_cell_is_said_in_words_too(page: Page) -> None:
    notes = page.get_by_role("row", name=re.compile(r"^Article\.notes "))
    assert notes.get_by_role("cell").all_text_contents()[1:3] == ["denied", "depends on the object"]
