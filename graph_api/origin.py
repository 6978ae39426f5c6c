"""Where a request comes from."""

from __future__ import annotations

from dataclasses import dataclass

MAXIMUM_USER_AGENT_LENGTH = 512


@dataclass(frozen=True)
class Origin:
    """Where a request comes from; both None at the command line.

    Attributes:
        ip_address: the client's address, as far as proxies are trusted.
        user_agent: what its program calls itself, shortened to 512 printable characters.
    """

    ip_address: str | None = None
    user_agent: str | None = None

    def __post_init__(self) -> None:
        given = self.user_agent
        if given and not (given.isprintable() and len(given) <= MAXIMUM_USER_AGENT_LENGTH):
            printable = "".join(filter(str.isprintable, given))
            object.__setattr__(self, "user_agent", printable[:MAXIMUM_USER_AGENT_LENGTH])


NOWHERE = Origin()
