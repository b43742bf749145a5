"""The allowlist: what passes, and what goes with or without its content."""

import pytest

from newsletter.tips import allowlist


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("a<script>b</script>c", "ac"),
        ("a<style>b</style><svg><script>c</script></svg>", "a"),
        ("<form>a<input><button>b</button></form>", "a"),
        ("<a href='javascript:x'>a</a>", "<a>a</a>"),
        ("<a href=' JaVa\tScript:x'>a</a>", "<a>a</a>"),
        ("<img src='data:image/png;base64,AA'>", "<img>"),
        ("<p style='color:red' lang=fr dir=rtl>a</p>", '<p lang="fr" dir="rtl">a</p>'),
        ("<p lang='\"x' dir=up>a</p>", "<p>a</p>"),
        ("<iframe src='https://x.example'></iframe>", ""),
        ("<!-- secret -->a", "a"),
        ("<code class='language-py'>a</code>", '<code class="language-py">a</code>'),
        ("<code class='x'>a</code>", "<code>a</code>"),
        ("<span lang=fr>a</span>", '<span lang="fr">a</span>'),
    ],
)
def test_only_what_is_listed_passes(html: str, left: str) -> None:
    """Tags, attributes, values and schemes outside the list are taken away."""
    assert allowlist.strict(html) == left


def test_a_cell_may_be_aligned_and_nothing_else() -> None:
    """The one style that Markdown itself writes survives, alone."""
    cell = (
        "<table><tbody><tr><td style='text-align:right{}'>1</td></tr></tbody></table>"
    )

    assert 'style="text-align:right"' in allowlist.strict(cell.format(""))
    assert "style" not in allowlist.strict(cell.format(";color:red"))


def test_nesting_counts_the_deepest_tag() -> None:
    """Tags without an end do not count."""
    assert allowlist.nesting("<p><b>a</b><br></p><p>b</p>") == 2
