"""The plain-text part reads as if somebody had typed it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.render.plain import opening_words, shorten, to_plain
from newsletter.render.wrapping import WIDTH, columns

PAGE = "https://tips.example/tips/a/"
SAMPLE = """\
# Before you turn away

Give *three* short **facts**, as [the guide](https://example.org/guide) and
[the other](/other) say, and [the guide](https://example.org/guide) again:

1. What you are about to do, said slowly enough that somebody in a noisy
   hallway can follow it, twice.
2. How long

   - at best
   - at worst

> Nobody minds a wait
> that they were told about.

| Job | Minutes |
|-----|--------:|
| Tap | 10 |
| Boiler & pump | 120 |

```
call(customer)
```

---

![A van](https://example.org/van.jpg)\\
<https://example.org/direct> &amp; <b>done</b>

*Say what happens next.*
"""
EXPECTED = """\
Before you turn away
--------------------

Give _three_ short *facts*, as the guide [1] and the other [2] say, and
the guide [1] again:

1. What you are about to do, said slowly enough that somebody in a noisy
   hallway can follow it, twice.

2. How long

   - at best
   - at worst

> Nobody minds a wait that they were told about.

Job            Minutes
-------------  -------
Tap                 10
Boiler & pump      120

    call(customer)

* * *

[Image: A van]
https://example.org/direct & *done*

> Say what happens next.

[1] https://example.org/guide
[2] https://tips.example/other"""


def test_a_tip_with_everything_is_readable() -> None:
    """Headings, notes, lists, quotations, tables, code and pictures, all in place."""
    assert to_plain(SAMPLE, page_url=PAGE) == EXPECTED


def test_a_table_that_is_too_wide_becomes_a_list() -> None:
    """Each row is an item that names its columns, within the width."""
    wide = "word " * 15
    text = to_plain(f"|Job|Why|\n|-|-|\n|Tap|{wide}|", page_url=PAGE)

    assert text.startswith("- Job: Tap\n  Why: word word")
    assert all(columns(line) <= WIDTH for line in text.split("\n"))


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("<div>Raw <i>x</i> &lt;b&gt; &eacute;</div>", "Raw _x_ <b> é"),
        ("a<br>b", "a\nb"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("9. nine\n10. ten", "9.  nine\n10. ten"),
        ("[a@example.org](mailto:a@example.org)", "a@example.org"),
        ("[](https://example.org)", "[1]\n\n[1] https://example.org"),
        ("![](https://example.org/x.png)", ""),
        (
            "[x](ftp://example.org) [y](/%20z)",
            "x y [1]\n\n[1] https://tips.example/%20z",
        ),
        ("~~old~~ new", "old new"),
        ("-", "-"),
        ("", ""),
    ],
)
def test_markdown_and_html_leave_no_marks(markdown: str, text: str) -> None:
    """Small cases: HTML, breaks, numbers, addresses, empty things."""
    assert to_plain(markdown, page_url=PAGE) == text


@given(st.text(alphabet="ab *_#->`[]()<&1.|\n日", max_size=80))
def test_any_markdown_comes_out_tidy(markdown: str) -> None:
    """Whatever an author types: no crash, and nothing trailing on any line."""
    text = to_plain(markdown, page_url=PAGE)

    assert all(line == line.rstrip() for line in text.split("\n"))


def test_the_opening_words_are_words() -> None:
    """The preview skips headings and pictures and is cut after a whole word."""
    opening = "# Title\n\n![x](https://e.example/i.png)\n\nOne *two* [three](/x) four."

    assert opening_words(opening, limit=90) == "One two three four."
    assert opening_words(opening, limit=14) == "One two three…"
    assert opening_words("# Title", limit=90) == ""


def test_cutting_keeps_whole_words() -> None:
    """No half word and no comma before the ellipsis; a single long word is cut."""
    assert shorten("one, two", limit=5) == "one…"
    assert shorten("unbreakable", limit=5) == "unbr…"
