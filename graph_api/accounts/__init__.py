"""The accounts: users, roles, sessions, sign-in, signing keys and the audit trail.

They know no GraphQL and no HTTP. Each function takes the :class:`Accounts` that it works with and
runs in one transaction of its own; those that take a session run in the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from graph_api.accounts.keystore import Keystore
from graph_api.accounts.passwords import Passwords
from graph_api.accounts.revocations import Revocations
from graph_api.accounts.throttling import Throttle
from graph_api.clock import Clock, utc_now
from graph_api.db.engine import Database
from graph_api.settings import Settings
from graph_api.tokens.access import AccessTokens
from graph_api.tokens.secrets import SecretKey


@dataclass(frozen=True)
class Accounts:
    """The parts that the accounts are made of.

    Attributes:
        settings: lifetimes, and whether strangers may register.
        db: the database.
        secret: what refresh tokens and the keys of the key store are derived from.
        keystore: the keys that sign access tokens; load it before the first token.
        tokens: issues and verifies access tokens.
        passwords: hashes and compares passwords.
        throttle: counts guesses, registrations and refreshes.
        revocations: knows which access tokens this worker has made doubtful.
        clock: returns the present instant.
    """

    settings: Settings
    db: Database
    secret: SecretKey
    keystore: Keystore
    tokens: AccessTokens
    passwords: Passwords
    throttle: Throttle
    revocations: Revocations
    clock: Clock = utc_now

    @classmethod
    def build(cls, settings: Settings, database: Database, clock: Clock = utc_now) -> Self:
        """Make all parts from the settings.

        Raises:
            ConfigurationError: for a secret key that is missing or too short.
        """
        secret = SecretKey(settings.secret_key, settings.secret_key_fallbacks)
        keystore = Keystore(settings, database, secret, clock)
        return cls(
            settings=settings,
            db=database,
            secret=secret,
            keystore=keystore,
            tokens=_access_tokens(settings, keystore, clock),
            passwords=Passwords(
                concurrency=settings.password_hash_concurrency, queue=settings.password_hash_queue
            ),
            throttle=Throttle(settings, secret, clock),
            revocations=Revocations(settings.access_token_ttl + settings.token_leeway, clock),
            clock=clock,
        )


def _access_tokens(settings: Settings, keystore: Keystore, clock: Clock) -> AccessTokens:
    return AccessTokens(
        issuer=settings.issuer,
        audience=settings.audience,
        ttl=settings.access_token_ttl,
        leeway=settings.token_leeway,
        keys=keystore.keys,
        clock=clock,
    )
