"""Which media type a client takes (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"

_LONGEST_KEPT = 200
"""Characters of the headers of which it is remembered what they ask for."""
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def response_type(accept: str) -> str | None:
    """Return the media type to answer in, or None where the client takes neither of ours.

    Without a header, and under ``*/*``, it is ``application/json``: clients that don't say are
    those from before ``application/graphql-response+json``. Named alike, the newer one is taken.
    """
    return (_kept if len(accept) <= _LONGEST_KEPT else _response_type)(accept)


def _response_type(accept: str) -> str | None:
    if not accept.strip():
        return JSON
    ranges = _ranges(accept)
    # Of equals, max() returns the first.
    best = max(
        (GRAPHQL_RESPONSE, JSON),
        key=lambda offered: (_quality(offered, ranges), offered in ranges or offered == JSON),
    )
    return best if _quality(best, ranges) > 0 else None


# A client says the same each time.
_kept = lru_cache(maxsize=1_000)(_response_type)


def prefers_html(accept: str) -> bool:
    """Whether a browser asks for a page: HTML is named, and liked better than what we answer."""
    ranges = _ranges(accept)
    json = max(_quality(JSON, ranges), _quality(GRAPHQL_RESPONSE, ranges))
    return HTML in ranges and ranges[HTML] > json


def _ranges(accept: str) -> dict[str, float]:
    """Return the quality of each media range; parameters other than ``q`` are ignored."""
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        media_range, *parameters = (text.strip() for text in part.split(";"))
        qualities = [found[1] for text in parameters if (found := _QUALITY.fullmatch(text))]
        ranges[media_range.lower()] = float(qualities[0]) if qualities else 1.0
    return ranges


def _quality(media_type: str, ranges: Mapping[str, float]) -> float:
    """Return the quality of the most specific range that covers a media type."""
    whole_type = media_type.partition("/")[0] + "/*"
    covering = (ranges[each] for each in (media_type, whole_type, "*/*") if each in ranges)
    return next(covering, 0.0)
