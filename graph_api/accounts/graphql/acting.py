"""The transaction of a mutation: who acts is read again in it, since a token may be minutes old."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from graph_api.accounts import Accounts, authority
from graph_api.accounts.authority import Act
from graph_api.relay import Info


def acting(info: Info) -> AbstractAsyncContextManager[Act]:
    """Open the transaction in which the caller changes something.

        async with acting(info) as act:
            act.session.add(ArticleRow(author_id=act.user_id, …))

    Raises:
        SessionEnded: if their session is over or their account disabled or gone.
        Unauthenticated: ``token_stale`` if they have lost a role or a permission meanwhile.
    """
    context = info.context
    context.forget()
    return authority.acting(context.part(Accounts), context.principal, context.origin)
