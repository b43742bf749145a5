"""The two bodies as MIME parts: plain text first, HTML last.

Source: RFC 2045 §4, §6; RFC 2046 §5.1.1, §5.1.4 (the plainest part first).
"""

import hashlib

_OPENING = (
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
)
_PART = (
    "\r\n--{boundary}\r\n"
    'Content-Type: {kind}; charset="utf-8"\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)


def boundary_for(*content: str) -> str:
    """Return a boundary that cannot occur in the bodies.

    Quoted-printable never writes "=_". The same content gives the same boundary, so
    that a retried copy is the same to the last byte.
    """
    digest = hashlib.sha256("\0".join(content).encode("utf-8", "replace"))
    return f"=_{digest.hexdigest()[:32]}"


def opening(boundary: str) -> bytes:
    """Return the last headers of the message; parts come next."""
    return _OPENING.format(boundary=boundary).encode()


def part_head(boundary: str, kind: str) -> bytes:
    """Return what stands before a quoted-printable body of *kind*."""
    return _PART.format(boundary=boundary, kind=kind).encode()


def closing(boundary: str) -> bytes:
    """Return what ends the message."""
    return f"\r\n--{boundary}--\r\n".encode()
