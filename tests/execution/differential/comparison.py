"""One comparison of two engines, made of bytes, and its reduction to a shorter one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from tests.execution.differential.choices import Choices
from tests.execution.differential.engines import (
    Answer,
    Engines,
    Loop,
    differences,
    is_denial,
    report,
)
from tests.execution.differential.operations import Operation, operation
from tests.execution.differential.worlds import Setting, setting


@dataclass(frozen=True)
class Comparison:
    """What both engines answered.

    Attributes:
        document: the bytes that the operation was made of.
        asked: those of the caller, the variables and the data.
        loop: what the engines waited in; None if they ran synchronously.
        answers: graphql-core's, then ours.
    """

    engines: Engines
    document: bytes
    asked: bytes
    loop: Loop | None
    operation: Operation
    setting: Setting
    answers: tuple[Answer, Answer]

    @classmethod
    def of(cls, engines: Engines, document: bytes, asked: bytes, loop: Loop | None) -> Self:
        made = operation(engines.sketch, Choices(document))
        knowing = engines.knowing(made.document)
        found = setting(engines.sketch, made, knowing, Choices(asked))
        answers = engines.answers(made.document, found, loop)
        return cls(engines, document, asked, loop, made, found, answers)

    @property
    def differences(self) -> list[str]:
        return differences(*self.answers, in_order=self.loop is None or self.engines.is_immediate)

    @property
    def counts(self) -> dict[str, int]:
        expected = self.answers[0]
        has_data = expected.data is not None
        return {
            "compared": 1,
            "with data": has_data,
            "with errors": bool(expected.errors),
            "with data and denials": has_data and any(map(is_denial, expected.errors)),
            "with data and hidden names": has_data and self.engines.hides(self.setting.caller),
        }

    def shorter(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the bytes of simpler comparisons: some cut off, then each replaced by zero."""
        for cut in (80, 40, 20, 10, 5, 1):
            if cut <= len(self.document):
                yield self.document[:-cut], self.asked
            if cut <= len(self.asked):
                yield self.document, self.asked[:-cut]
        for document in zeroed(self.document):
            yield document, self.asked
        for asked in zeroed(self.asked):
            yield self.document, asked

    def __str__(self) -> str:
        text = report(self.engines, self.operation.document, self.setting, self.answers)
        return f"{', '.join(self.differences)} differ:\n{text}"


def zeroed(entropy: bytes) -> Iterator[bytes]:
    for place, byte in enumerate(entropy):
        if byte:
            yield entropy[:place] + b"\0" + entropy[place + 1 :]


def reduced(found: Comparison, tries: int = 500) -> Comparison:
    """Return a smaller comparison that differs in the same way."""
    for _ in range(tries):
        for document, asked in found.shorter():
            tries -= 1
            if tries < 0:
                return found
            smaller = Comparison.of(found.engines, document, asked, found.loop)
            if smaller.differences == found.differences:
                found = smaller
                break
        else:
            return found
    return found
