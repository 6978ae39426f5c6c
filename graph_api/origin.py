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
        if self.user_agent is not None:
            printable = "".join(filter(str.isprintable, self.user_agent))
            object.__setattr__(self, "user_agent", printable[:MAXIMUM_USER_AGENT_LENGTH])


NOWHERE = Origin()
