"""Cleaning: nothing that could harm a reader survives, whatever goes in."""

import re
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.tips.cleaning import (
    clean_html,
    clean_markdown,
    is_safe,
    plain_lines,
    plain_text,
)
from newsletter.tips.to_markdown import render

# One piece a line; tangled together they are what no author would write.
MARKUP = """\
<p>
</p>
<div>
</div>
<b>
</b>
<a href="javascript:x">
<a href="https://e.example/a(b)?x=1&copy=2" title='"q"'>
<a title="<script>">
</a>
<script>
</script>
<style>
</style>
<iframe src="https://e.example">
<svg>
<math>
<mglyph>
<foreignObject>
<form>
<textarea>
<title>
<noscript>
<template>
<object data="https://e.example/x">
<img src=x onerror=alert(1)>
<img src="data:image/png;base64,AA">
<ul>
<li>
</ul>
<ol start=3>
<pre>
</pre>
<code>
</code>
<table>
<tr>
<td colspan=2>
<th>
</table>
<!--
-->
<!-->
<![CDATA[
]]>
<?
<dl>
<dt>
<figure>
<figcaption>
<blockquote>
<details>
<span lang=fr>
<em dir=rtl>
<sub>
<h1>
</h1>
<br>
<hr>
<p style="x" onclick=y>
&lt;script&gt;
&#106;
&nbsp;
<https://e.example>
<javascript:alert(1)>
[x](javascript:alert(1))
[x]: javascript:y
"""
SIGNS = [
    "\n",
    "\n\n",
    " ",
    "    ",
    "# ",
    "- ",
    "1. ",
    "> ",
    "|",
    "|--|--\n",
    "`",
    "```",
]
PIECES = st.sampled_from(
    [*MARKUP.splitlines(), *SIGNS, "*", "**", "_", "~~", "\\", '"', "'", "\x00", "word"]
)
TANGLES = st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join)

ATTRIBUTE = re.compile(r'="[^"]*"')
EXECUTABLE = re.compile(
    r"<(script|style|iframe|form|svg|math|object|embed)|<[^>]*\son\w+="
    r"|<[^>]*(href|src)=\"\s*(javascript|data|vbscript)",
    re.IGNORECASE,
)
STYLED = re.compile(r"<(?!t[dh])\w+[^>]* style=")


def is_harmless(html: str) -> bool:
    """Tell whether *html* has nothing that runs; words in attributes are only words."""
    bare = ATTRIBUTE.sub('=""', html)
    return not (EXECUTABLE.search(bare) or STYLED.search(bare)) and not re.search(
        r'(href|src)="\s*(javascript|data|vbscript):', html, re.IGNORECASE
    )


@settings(max_examples=150, deadline=None)
@given(TANGLES, st.booleans())
def test_no_html_gives_anything_that_runs(html: str, line_breaks: bool) -> None:
    """Rendering cleaned HTML holds no script, handler, frame, form or style."""
    cleaned = clean_html(html, line_breaks=line_breaks)

    assert is_harmless(render(cleaned.markdown))
    assert is_safe(cleaned.markdown)


@settings(max_examples=150, deadline=None)
@given(TANGLES)
def test_no_markdown_gives_anything_that_runs(text: str) -> None:
    """What an operator writes or pastes is harmless once it is cleaned."""
    assert is_harmless(render(clean_markdown(text).markdown))


@settings(max_examples=100, deadline=None)
@given(TANGLES)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """What was cleaned once, of either kind, is left as it is."""
    for once in (clean_markdown(text).markdown, clean_html(text).markdown):
        assert clean_markdown(once).markdown == once


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30))
def test_words_come_through_unchanged(words: str) -> None:
    """Text that was escaped in HTML is the same text in the rendered Markdown."""
    html = "<p>" + words.replace("&", "&amp;").replace("<", "&lt;") + "</p>"

    assert plain_text(render(clean_html(html).markdown)) == plain_text(html)


def test_markdown_without_html_comes_back_as_it_is() -> None:
    """An operator's text keeps every sign, space and indentation."""
    text = (
        "    code\n\n# A\n\n* b\n+ c\n\n~~d~~ [e](f)  \ng &copy; | h\n\n"
        "| a |\n|:-:|\n| b |"
    )

    assert clean_markdown(text).markdown == text
    assert clean_markdown(text).notes == ()


def test_harmless_html_in_markdown_comes_back_as_it_is() -> None:
    """Raw HTML from the allowlist is no reason to touch anything."""
    text = 'H<sub>2</sub>O\n\n<dl><dt>a</dt><dd>b</dd></dl>\n\n<p dir="rtl">c</p>'

    assert clean_markdown(text).markdown == text


def test_harmful_html_in_markdown_is_taken_out_and_named() -> None:
    """The rest of the text stays, and the note says what went."""
    cleaned = clean_markdown("# A\n\n<script>x</script>\n\n**b** <i onclick=y>c</i>")

    assert cleaned.markdown == "# A\n\n**b** *c*"
    assert cleaned.notes == ("removed: script, onclick",)


@pytest.mark.parametrize(
    "text",
    ["<!--><script>alert(1)</script>", "<!-- a -->", "[a](javascript:b)", "<?x ?>"],
)
def test_comments_and_bad_links_do_not_reach_the_reader(text: str) -> None:
    """Neither a comment nor a script link is in what is rendered."""
    rendered = render(clean_markdown(text).markdown)

    assert "<!--" not in rendered
    assert "<a" not in rendered
    assert "<script" not in rendered


def test_unreasonable_nesting_keeps_the_words_only() -> None:
    """Ten thousand open tags cost no time and leave their text."""
    start = perf_counter()

    cleaned = clean_html("<div><b>" * 5_000 + "deep")

    assert cleaned.markdown == "deep"
    assert "nested" in cleaned.notes[0]
    assert perf_counter() - start < 5


def test_plain_text_is_one_line_of_words() -> None:
    """Tags go, signs stay, scripts go with their content."""
    assert plain_text("a &lt; b <em>c</em>\n d<script>e</script>") == "a < b c d"


def test_plain_lines_keep_paragraphs() -> None:
    """Paragraphs are divided by one blank line, breaks by a line end."""
    assert plain_lines("<p>a<br>b</p><p>c</p>\n\n\n d") == "a\nb\n\nc\n\nd"
