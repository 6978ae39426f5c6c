"""The keys that sign access tokens: kept encrypted in the database, shared by all workers.

A key's life: it is published at once, signs from ``signs_from`` on (when every worker has read it
and every cached JWKS has been renewed), and verifies until ``retired_at`` (when the last token
that it signed has expired everywhere). The private key is encrypted with a key derived from the
secret key, so the database alone signs nothing; after the secret key has changed, its fallbacks
still decrypt.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import audit
from graph_api.accounts.locks import lock_table
from graph_api.clock import Clock
from graph_api.db.engine import Database
from graph_api.db.tables import SigningKeyRow
from graph_api.errors import ConfigurationError
from graph_api.settings import Algorithm, Settings
from graph_api.tokens.keys import KeySet, SigningKey
from graph_api.tokens.secrets import SecretKey

JWKS_MAX_AGE = 300
"""Seconds for which the published keys may be cached (``Cache-Control: max-age``)."""
RELOAD_INTERVAL = 5
"""Seconds after which a worker has seen what another one wrote."""

_LABEL = b"graph-api signing keys"
_logger = logging.getLogger(__name__)


class Keystore:
    """The signing keys, read from the database every few seconds.

    With HS256 the one key is the secret of the settings and nothing is stored.
    """

    def __init__(
        self, settings: Settings, database: Database, secret: SecretKey, clock: Clock
    ) -> None:
        self._settings = settings
        self._db = database
        self._clock = clock
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(key)) for key in secret.derive_all(_LABEL)]
        )
        self._keys: KeySet | None = None

    def keys(self) -> KeySet:
        """Return the keys as they were last read.

        Raises:
            ConfigurationError: before the first :meth:`load`.
        """
        if self._keys is None:
            raise ConfigurationError("The signing keys have not been loaded.")
        return self._keys

    async def load(self) -> KeySet:
        """Read the keys, and make one if none can sign; several workers may do so at once.

        Raises:
            ConfigurationError: if a key was encrypted with another secret key.
        """
        self._keys = self._hs256() if self._algorithm == "HS256" else await self._stored()
        return self._keys

    async def keep_fresh(self) -> None:
        """Read the keys again every few seconds, until cancelled; failures are logged."""
        while True:
            await asyncio.sleep(RELOAD_INTERVAL)
            try:
                await self.load()
            except (SQLAlchemyError, OSError, ConfigurationError):
                _logger.exception("The signing keys could not be read; the last ones stay.")

    async def rotate(self, *, compromised: bool = False) -> SigningKeyRow:
        """Make a new key that takes over from all others.

        Args:
            compromised: the others verify no more, and the new one signs at once. Access tokens
                that they signed are refused as soon as a worker has read this; refresh tokens
                stay good.

        Returns:
            The new key's row, with ``signs_from``.

        Raises:
            ConfigurationError: with HS256, whose secret is a setting.
        """
        if self._algorithm == "HS256":
            raise ConfigurationError("HS256 has no stored key: change GRAPH_API_HS256_SECRET.")
        now = self._clock()
        wait = timedelta() if compromised else timedelta(seconds=JWKS_MAX_AGE + RELOAD_INTERVAL)
        async with self._db.write() as session:
            await lock_table(session, SigningKeyRow)
            await self._retire(session, at=now if compromised else self._last_use(now + wait))
            row = await self._add(session, now, signs_from=now + wait, action="key_rotated")
        await self.load()
        return row

    async def list_keys(self) -> Sequence[SigningKeyRow]:
        """Return all keys that were ever stored, the newest first."""
        async with self._db.read() as session:
            newest_first = select(SigningKeyRow).order_by(col(SigningKeyRow.created_at).desc())
            return (await session.scalars(newest_first)).all()

    @property
    def _algorithm(self) -> Algorithm:
        return self._settings.signing_algorithm

    def _hs256(self) -> KeySet:
        if self._settings.hs256_secret is None:
            raise ConfigurationError("GRAPH_API_HS256_SECRET is missing: HS256 signs with it.")
        key = SigningKey.from_secret(self._settings.hs256_secret)
        return KeySet(signing=key, verifying={key.kid: key.verifying()})

    async def _stored(self) -> KeySet:
        async with self._db.read() as session:
            rows = await _live(session, self._clock())
        if not self._ours(rows):
            rows = await self._ensure_key()
        keys = {row.kid: self._decrypt(row) for row in rows}
        return KeySet(
            signing=keys[self._signing(rows).kid],
            verifying={kid: key.verifying() for kid, key in keys.items()},
        )

    async def _ensure_key(self) -> Sequence[SigningKeyRow]:
        now = self._clock()
        async with self._db.write() as session:
            await lock_table(session, SigningKeyRow)
            rows = await _live(session, now)
            if not self._ours(rows):
                rows = [*rows, await self._add(session, now, signs_from=now, action="key_created")]
        return rows

    def _ours(self, rows: Sequence[SigningKeyRow]) -> list[SigningKeyRow]:
        """Return the keys of the algorithm that we sign with, in the order of their time."""
        ours = [row for row in rows if row.algorithm == self._algorithm]
        return sorted(ours, key=lambda row: (row.signs_from, row.kid))

    def _signing(self, rows: Sequence[SigningKeyRow]) -> SigningKeyRow:
        """Return the last key whose time has come; else the next, for our clock may be late."""
        first, *others = self._ours(rows)
        now = self._clock()
        return [first, *(row for row in others if row.signs_from <= now)][-1]

    def _decrypt(self, row: SigningKeyRow) -> SigningKey:
        try:
            pem = self._fernet.decrypt(row.encrypted_private_key)
        except InvalidToken:
            raise ConfigurationError(
                f"Signing key {row.kid} was encrypted with another GRAPH_API_SECRET_KEY: add that "
                "one to GRAPH_API_SECRET_KEY_FALLBACKS, or give it up with "
                "`graph-api keys rotate --compromised`."
            ) from None
        return SigningKey.from_pem(row.kid, cast("Algorithm", row.algorithm), pem)

    async def _add(
        self, session: AsyncSession, now: datetime, *, signs_from: datetime, action: audit.Action
    ) -> SigningKeyRow:
        key = SigningKey.generate(self._algorithm)
        row = SigningKeyRow(
            kid=key.kid,
            algorithm=key.algorithm,
            encrypted_private_key=self._fernet.encrypt(key.to_pem()),
            made_by=self._settings.mode,
            created_at=now,
            signs_from=signs_from,
        )
        session.add(row)
        await audit.record(session, audit.Event(action=action, target_id=key.kid), at=now)
        return row

    async def _retire(self, session: AsyncSession, *, at: datetime) -> None:
        """Let every key that is to verify longer than that retire then."""
        row = SigningKeyRow
        longer = or_(col(row.retired_at).is_(None), col(row.retired_at) > at)
        await session.execute(update(row).where(longer).values(retired_at=at))

    def _last_use(self, successor_signs_from: datetime) -> datetime:
        """Return when the last token of a key that signs until then has expired everywhere."""
        lifetime = self._settings.access_token_ttl + self._settings.token_leeway
        return successor_signs_from + timedelta(seconds=RELOAD_INTERVAL + lifetime + JWKS_MAX_AGE)


async def has_dev_keys(session: AsyncSession, *, now: datetime) -> bool:
    """Whether a key that ``dev`` made still verifies: ``serve`` refuses to start."""
    return any(row.made_by == "dev" for row in await _live(session, now))


async def _live(session: AsyncSession, now: datetime) -> Sequence[SigningKeyRow]:
    """Return the keys that sign or verify now."""
    retired_at = col(SigningKeyRow.retired_at)
    live = select(SigningKeyRow).where(or_(retired_at.is_(None), retired_at > now))
    return (await session.scalars(live)).all()
