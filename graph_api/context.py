"""What resolvers get as ``info.context``: who asks, from where, and the parts they work with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from strawberry.dataloader import DataLoader

from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.db.engine import Database
from graph_api.execution.columns import Lazy, Names
from graph_api.origin import NOWHERE, Origin
from graph_api.tokens.access import AccessClaims
from graph_api.tokens.verified import VerifiedTokens

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Part = TypeVar("Part")
BatchFunction = Callable[["Context", Sequence[Key]], Coroutine[Any, Any, Sequence[Value]]]


NamingBatchFunction = Callable[
    ["Context", Sequence[Key], Names], Coroutine[Any, Any, Sequence[Value]]
]


@dataclass(frozen=True)
class _Naming(Generic[Key, Value]):
    """A batch function, with what is wanted of its values."""

    batch: NamingBatchFunction[Key, Value]
    names: Names

    async def __call__(self, context: Context, keys: Sequence[Key]) -> Sequence[Value]:
        return await self.batch(context, keys, self.names)


@dataclass
class SessionCookie:
    """The cookie that a browser keeps a session's refresh token in, out of reach of its pages.

    Within a request the mutations see it as if each had come by itself: what one of them sets is
    what the next one has brought.

    Attributes:
        wanted: whether the request asks for a session in a cookie; without, none is looked at.
        token: the refresh token in it.
        max_age: what the answer sets: for how many seconds to keep the token, 0 to remove it;
            None leaves the browser's cookie as it is.
    """

    wanted: bool = False
    token: str | None = field(default=None, repr=False)
    max_age: int | None = None

    def keep(self, token: str, max_age: int) -> None:
        """Set it, for so many seconds."""
        self.token, self.max_age = token, max_age

    def remove(self) -> None:
        """Remove it, whether there is one or not."""
        self.token, self.max_age = None, 0


@dataclass(frozen=True)
class Context:
    """One request.

    Attributes:
        principal: the caller, as their access token tells.
        db: the database; open ``db.read()`` or ``db.write()`` for the time that you need it.
        origin: the client's address and program.
        bearer: the access token as it was sent, looked at or not (``logout`` reads it itself).
        cookie: the session cookie that came with a mutation, and what the answer does with it.
        parts: what else the application brought, by type, see :meth:`part`.
    """

    db: Database
    principal: Principal = ANONYMOUS
    origin: Origin = NOWHERE
    bearer: str | None = field(default=None, repr=False)
    cookie: SessionCookie = field(default_factory=SessionCookie, repr=False)
    parts: Mapping[type, Any] = field(default_factory=dict, repr=False)
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict, init=False, repr=False)

    def part(self, kind: type[Part]) -> Part:
        """Return the part of a type that was given to ``create_app``.

        Raises:
            LookupError: for a type that nobody gave.
        """
        if kind not in self.parts:
            raise LookupError(f"create_app(…, parts=[…]) got no {kind.__name__}.")
        return cast("Part", self.parts[kind])

    async def load(self, batch: BatchFunction[Key, Value], key: Key) -> Value:
        """Return the value for a key; keys that are asked for at once are fetched by one call.

        Args:
            batch: gets this context and the keys; returns one value for each, in their order.
            key: what to load. Within a request, each key is loaded once.
        """
        loader = self._loaders.get(batch)
        if loader is None:

            async def fetch(keys: list[Key]) -> Sequence[Value]:
                return await batch(self, keys)

            loader = self._loaders[batch] = DataLoader(load_fn=fetch)
        return cast("Value", await loader.load(key))

    def fetch(self, batch: NamingBatchFunction[Key, Value], key: Key) -> Lazy[Value]:
        """Return the value for a key as ``load`` does, once it is known what is wanted of it.

        A resolver that is a plain ``def`` returns it as it is.

        Args:
            batch: as for ``load``; gets also the names of the attributes that are wanted.
            key: what to load.
        """
        return Lazy(lambda names: self.load(_Naming(batch, names), key))

    def forget(self) -> None:
        """Forget what was loaded: a mutation changes it, and the next one may ask again."""
        self._loaders.clear()


def principal_from(claims: AccessClaims) -> Principal:
    """Return the caller that a genuine access token names."""
    return Principal(
        subject=claims.subject,
        session_id=claims.session_id,
        roles=claims.roles,
        permissions=claims.permissions,
    )


def authenticate(tokens: VerifiedTokens[Principal], bearer: str | None) -> Principal:
    """Return the caller of a bearer; anonymous without one.

    Raises:
        Unauthenticated: the token has expired or is not genuine.
    """
    return ANONYMOUS if bearer is None else tokens.verify(bearer)
