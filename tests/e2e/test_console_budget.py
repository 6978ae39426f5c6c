"""What the first visit of the console costs: `pytest -s` prints it."""

from __future__ import annotations

from playwright.sync_api import Page, Response, expect

from tests.e2e.consoles import Visitor, site, visitor

__all__ = ["site", "visitor"]

MOST_JAVASCRIPT = 110_000
"""Bytes over the wire, compressed, until one can sign in."""

# The page can be used from the moment when its form is there: Angular listens before it shows it.
WATCH = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("input[name=email]")) return
  window.usableAfter = performance.now()
  observer.disconnect()
}).observe(document, {childList: true, subtree: true})
"""


def is_script(answer: Response) -> bool:
    return answer.request.resource_type == "script"


def first_visit(visitor: Visitor) -> tuple[Page, list[Response]]:
    visitor.context.add_init_script(WATCH)
    page = visitor.context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if is_script(answer) else None)
    page.goto(f"{visitor.site.url}/console")
    expect(page.get_by_label("E-mail")).to_be_visible()
    return page, answers


def test_the_first_visit_stays_within_its_budget(visitor: Visitor) -> None:
    page, answers = first_visit(visitor)
    sent = sum(int(answer.headers["content-length"]) for answer in answers)
    usable = page.evaluate("window.usableAfter")
    assert all(answer.headers["content-encoding"] == "gzip" for answer in answers)
    print(f"\nConsole: {sent:,} bytes of JavaScript in {len(answers)} files", end=" ")  # noqa: T201
    print(f"(at most {MOST_JAVASCRIPT:,}); one can sign in after {usable:.0f} ms")  # noqa: T201
    assert 0 < sent <= MOST_JAVASCRIPT
