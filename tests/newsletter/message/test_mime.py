"""The frame of the two parts."""

from newsletter.message.mime import boundary_for


def test_the_same_content_has_the_same_boundary() -> None:
    """A retried copy is the same to the last byte; another issue has another one."""
    assert boundary_for("a", "b") == boundary_for("a", "b")
    assert boundary_for("a", "b") != boundary_for("ab", "")


def test_a_boundary_cannot_be_in_a_body() -> None:
    """It starts with what quoted-printable never writes, and is short enough."""
    assert boundary_for("a").startswith("=_")
    assert len(boundary_for("a")) <= 70
