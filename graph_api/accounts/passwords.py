"""Passwords: how they are hashed and compared, and which are refused.

Hashing is argon2id at OWASP's parameters (Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane).
A password is text in Unicode's NFKC, so that it can be typed on another keyboard than the one it
was chosen on (NIST SP 800-63B-4, section 3.1.1.2). It is long enough, not too long and not well
known; nothing else is asked of it (same section: no composition rules).
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from string import digits, punctuation, whitespace
from typing import TypeVar

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from graph_api.errors import BadUserInput, RateLimited

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 256
RETRY_AFTER = 1
"""Seconds after which the queue of passwords to be hashed has moved on."""

T = TypeVar("T")
_PADDING = digits + punctuation + whitespace


class Passwords:
    """Hashes and compares passwords off the event loop, a few at a time.

    Args:
        concurrency: how many are hashed at once; each takes 19 MiB and a core for about 20 ms.
        queue: how many may wait for that; one more is refused at once.
        hasher: argon2id with its parameters; hashes made with others are still understood.
    """

    def __init__(
        self, *, concurrency: int, queue: int, hasher: PasswordHasher | None = None
    ) -> None:
        self._hasher = hasher or PasswordHasher(
            time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16
        )
        self._limiter = anyio.CapacityLimiter(concurrency)
        self._queue = queue
        self._nobodys_hash = _hash_of_nothing(self._hasher)

    async def hash(self, password: str) -> str:
        """Return the encoded hash of a password: parameters, salt and digest in one string.

        Raises:
            RateLimited: if too many passwords wait already.
        """
        return await self._in_turn(lambda: self._hasher.hash(_encode(password)))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Return whether ``password`` is the one that was hashed.

        Args:
            encoded: the hash, or None for an unknown account: the answer is then False after as
                much work, so that its time doesn't tell who has an account.
            password: what the person typed.

        Raises:
            RateLimited: if too many passwords wait already.
        """
        if encoded is None or len(password) > MAXIMUM_LENGTH:
            encoded, password = self._nobodys_hash, ""
        return await self._in_turn(lambda: _matches(self._hasher, encoded, password))

    def needs_rehash(self, encoded: str) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._limiter.statistics().tasks_waiting >= self._queue:
            raise RateLimited("The server is busy. Try again.", retry_after=RETRY_AFTER)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


def check_strength(password: str, *, email: str, path: str) -> None:
    """Refuse a new password that is too short, too long or easily guessed.

    Args:
        password: the new password.
        email: the account's address; its local part may not stand in the password.
        path: the dotted input that it came in, such as ``input.newPassword``.

    Raises:
        BadUserInput: saying which; the message holds nothing of the password.
    """
    if problem := _problem(password, email):
        raise BadUserInput.at(path, problem)


def _problem(password: str, email: str) -> str | None:
    if len(password) > MAXIMUM_LENGTH:
        return f"The password may have {MAXIMUM_LENGTH} characters at most."
    text = unicodedata.normalize("NFKC", password)
    if len(text) < MINIMUM_LENGTH:
        return f"The password needs {MINIMUM_LENGTH} characters or more."
    if _is_common(text.casefold()):
        return "This password is easily guessed: choose a less common one."
    local_part = email.partition("@")[0].casefold()
    if len(local_part) > 3 and local_part in text.casefold():
        return "The password may not hold the e-mail address."
    return None


def _is_common(text: str) -> bool:
    """Whether it is a well-known word, that word again and again, or with digits around it.

    Compared is the whole password (SP 800-63B-4), never a word within it.
    """
    unit = _repeated_unit(text)
    candidates = {unit, _repeated_unit(text.strip(_PADDING))}
    return len(unit) < 4 or not candidates.isdisjoint(_common_passwords())


def _repeated_unit(text: str) -> str:
    """Return the shortest text that, repeated, gives this one: ``abcabc`` is ``abc`` twice."""
    return text[: (text + text).find(text, 1)]


@cache
def _common_passwords() -> frozenset[str]:
    text = files("graph_api.accounts").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def _encode(password: str) -> bytes:
    # JSON can carry half a surrogate pair, which UTF-8 has no bytes for.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _matches(hasher: PasswordHasher, encoded: str, password: str) -> bool:
    try:
        return hasher.verify(encoded, _encode(password))
    except (VerifyMismatchError, InvalidHashError):
        return False


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """Return a hash with the hasher's parameters whose digest is random: no password has it."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"
