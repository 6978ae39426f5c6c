"""Documents: parsed once for each text, refused once for each text, kept within bounds."""

from __future__ import annotations

from weakref import ref

import pytest
from graphql import DocumentNode, GraphQLSyntaxError, parse
from hypothesis import given
from hypothesis import strategies as st

from graph_api.authorization.decision import Decision
from graph_api.authorization.decisions import Decided
from graph_api.errors import GraphApiError, OperationTooExpensive, ParseFailed, ValidationFailed
from graph_api.execution.documents import Documents, operation
from graph_api.execution.limits import Limits


@pytest.fixture
def documents() -> Documents:
    return Documents(Limits())


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were really parsed, in order."""
    texts: list[str] = []

    def recording(text: str, max_tokens: int) -> DocumentNode:
        texts.append(text)
        return parse(text, max_tokens=max_tokens)

    monkeypatch.setattr("graph_api.execution.documents.parse", recording)
    return texts


def test_the_same_text_is_parsed_once(documents: Documents, parsed: list[str]) -> None:
    first = documents.parse("{ a }")
    assert documents.parse("{ a }") is first
    assert documents.parse("{ b }") is not first
    assert parsed == ["{ a }", "{ b }"]


def test_a_syntax_error_says_where_and_keeps_its_cause(documents: Documents) -> None:
    with pytest.raises(ParseFailed, match=r"\(line 2, column 3\)\.$") as failed:
        documents.parse("{\n  ! }")
    assert isinstance(failed.value.__cause__, GraphQLSyntaxError)


@pytest.mark.parametrize("text", ["{ a(", "{ a { a { a { a } } } }", "{ a b c }" * 9])
def test_a_refusal_is_remembered(text: str, parsed: list[str]) -> None:
    documents = Documents(Limits(max_depth=3, max_tokens=40))
    for _ in range(3):
        with pytest.raises((ParseFailed, OperationTooExpensive)):
            documents.parse(text)
    assert parsed == [text]


def test_a_remembered_refusal_keeps_no_frame_of_who_saw_it(documents: Documents) -> None:
    raised: list[GraphApiError] = []
    for _ in range(2):
        with pytest.raises(ParseFailed) as failed:
            documents.parse("{")
        raised.append(failed.value)
    assert raised[0] is not raised[1]
    assert raised[0].message == raised[1].message


def test_too_many_tokens_are_too_expensive() -> None:
    documents = Documents(Limits(max_tokens=10))
    documents.parse("{ a b c d e f g h }")
    with pytest.raises(OperationTooExpensive, match="more than 10 tokens"):
        documents.parse("{ a b c d e f g h i }")
    with pytest.raises(OperationTooExpensive, match="more than 10 tokens"):
        documents.parse("{ a }" + "#\n" * 10)


@pytest.mark.parametrize("opening", ["[", "{", "{a:", "[{a:"])
@pytest.mark.parametrize("before", ["", "{a(x:", "query($v:", "{a{"])
def test_a_hundred_thousand_brackets_are_refused_cleanly(opening: str, before: str) -> None:
    documents = Documents(Limits(max_tokens=1_000_000))
    with pytest.raises((ParseFailed, OperationTooExpensive)):
        documents.parse(before + opening * 100_000)


@given(st.text(alphabet=st.characters(codec=None), max_size=50))
def test_no_text_raises_anything_else(text: str) -> None:
    documents = Documents(Limits())
    try:
        documents.parse(text)
    except (ParseFailed, OperationTooExpensive) as refused:
        assert refused.message  # noqa: PT017


def test_so_many_documents_are_kept_and_no_more() -> None:
    documents = Documents(Limits(), max_entries=10)
    for number in range(100):
        for _ in range(2):
            documents.parse(f"{{ a{number} }}")
    assert 8 <= len(documents) <= 10


def test_a_document_that_is_sent_again_is_pushed_out_by_no_flood(parsed: list[str]) -> None:
    documents = Documents(Limits(), max_entries=10)
    for _ in range(3):
        documents.parse("{ a }")
    for number in range(100):
        for _ in range(2):
            documents.parse(f"{{ flood{number} }}")
    documents.parse("{ a }")
    assert parsed.count("{ a }") == 1


def test_what_is_made_of_all_documents_together_is_bounded() -> None:
    """A thousand documents with each way to skip some fields would else hold gigabytes."""
    documents = Documents(Limits(), max_prepared=2_000)
    kept = [documents.parse(f"{{ a{number} }}") for number in range(10)]
    for document in kept:
        for way in range(10):
            document.plans[way] = "some plan"
            document.decisions[way] = Decided(Decision(), ())
    for made in ([each.plans for each in kept], [each.decisions for each in kept]):
        assert 0 < sum(map(len, made)) * (100 + len("{ a0 }")) <= 2_000


def test_a_flood_of_documents_pushes_out_no_plan_of_those_that_are_sent_again() -> None:
    documents = Documents(Limits(), max_entries=20, max_prepared=5_000)
    trusted = documents.parse("{ trusted }")
    assert documents.parse("{ trusted }") is trusted
    trusted.plans["one"] = trusted.plans["other"] = "some plan"
    for number in range(1_000):
        documents.parse(f"{{ flood{number} }}").plans["one"] = "some plan"
    assert set(documents.parse("{ trusted }").plans) == {"one", "other"}


def test_a_document_that_is_sent_in_ever_new_ways_pushes_out_its_own_plans_only() -> None:
    documents = Documents(Limits(), max_prepared=5_000)
    trusted, flood = documents.parse("{ trusted }"), documents.parse("{ flood }")
    trusted.plans["one"] = trusted.plans["other"] = "some plan"
    for way in range(1_000):
        flood.plans[way] = "some plan"
        assert len(flood.plans) * (100 + len("{ flood }")) <= 5_000
    assert set(trusted.plans) == {"one", "other"}


def test_what_was_made_of_a_document_goes_with_it() -> None:
    documents = Documents(Limits(), max_entries=5)
    plans = ref(documents.parse("{ a }").plans)
    for number in range(20):
        documents.parse(f"{{ b{number} }}").plans[None] = "some plan"
    assert plans() is None


class TestOperation:
    def test_the_only_operation_needs_no_name(self, documents: Documents) -> None:
        document = documents.parse("fragment F on Q { a } query One { ...F }")
        for name in (None, "", "One"):
            assert operation(document, name) is document.node.definitions[1]

    def test_a_name_selects_one_of_several(self, documents: Documents) -> None:
        document = documents.parse("query One { a } mutation Two { b }")
        assert operation(document, "Two") is document.node.definitions[1]

    @pytest.mark.parametrize(
        ("text", "name", "sentence"),
        [
            ("query One { a } query Two { b }", None, "several operations: One, Two"),
            ("query One { a } query Two { b }", "Three", "no operation of that name; it has: One"),
            ("{ a }", "One", "it has: one without a name"),
            ("fragment F on Q { a }", None, "no operation"),
            ("query One { a } query One { b }", "One", "several operations"),
        ],
    )
    def test_what_selects_none_is_told_why(
        self, documents: Documents, text: str, name: str | None, sentence: str
    ) -> None:
        with pytest.raises(ValidationFailed, match=sentence):
            operation(documents.parse(text), name)
