"""Files that the package ships as they were built, such as those of the console."""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from litestar import Request, Response

# Stated here, since `mimetypes` asks the operating system: Windows may say that .js is text/plain.
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}

_KEPT = "public, max-age=31536000, immutable"
_SOME_TIME = "public, max-age=3600"


def answer(
    request: Request[Any, Any, Any], name: str, content: bytes, *, is_final: bool
) -> Response[bytes]:
    """Answer a file.

    Args:
        request: by which it is asked for.
        name: of the file; its ending says what it is.
        content: its bytes, compressed where the client takes that.
        is_final: its address changes with its bytes, so a copy is good for a year.
    """
    headers = {"Cache-Control": _KEPT if is_final else _SOME_TIME, "Vary": "Accept-Encoding"}
    if _takes_gzip(request):
        content, headers["Content-Encoding"] = _gzipped(content), "gzip"
    return Response(content, media_type=_MEDIA_TYPES[PurePosixPath(name).suffix], headers=headers)


def _takes_gzip(request: Request[Any, Any, Any]) -> bool:
    """Whether the client takes gzip (RFC 9110, section 12.5.3); `gzip;q=0` is rare, and heeded."""
    codings = request.headers.get("accept-encoding", "").lower().replace(" ", "").split(",")
    return any(re.fullmatch(r"gzip(;q=(1|0\.0*[1-9]\d*)[.0]*)?", coding) for coding in codings)


@cache
def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
