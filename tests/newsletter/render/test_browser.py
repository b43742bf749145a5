"""A frozen issue becomes a page that belongs to nobody."""

import base64
import hashlib

from lxml import html as lxml_html

from newsletter.holes import MARKS, Hole
from newsletter.render import for_browser

FROZEN = f"""<!DOCTYPE html><html lang="en"><head><title>T</title>
<style data-premailer="ignore">@media (x) {{ a {{ color: red !important; }} }}</style>
</head><body class="page" style="margin:0"><!--[if mso]><p>Outlook</p><![endif]-->
<p style="color:#111">{MARKS[Hole.GREETING]}</p><p style="color:#111">You signed
up{MARKS[Hole.SIGNED_UP]}. <a href="https://t.example/u/{MARKS[Hole.UNSUBSCRIBE]}">Go
away</a> now</p><a href="https://t.example/tips/a/" style="color:red">Tip</a>
</body></html>"""
CANONICAL = "https://t.example/tips/a/"


def test_styles_become_classes_of_one_sheet() -> None:
    """Equal ones share a class; the rules for dark schemes stay behind them."""
    page = for_browser(FROZEN, greeting="Hello,", canonical=CANONICAL)
    root = lxml_html.document_fromstring(page.html)

    (sheet,) = root.iter("style")
    assert root.xpath("//@style") == []
    assert (sheet.text or "").startswith(".v0 { margin:0 }\n.v1 { color:#111 }\n")
    assert "@media (x)" in (sheet.text or "")
    assert [p.get("class") for p in root.iter("p")] == ["v1", "v1"]
    assert root.body.get("class") == "page v0"
    digest = hashlib.sha256((sheet.text or "").encode()).digest()
    assert page.style_source == f"'sha256-{base64.b64encode(digest).decode()}'"


def test_what_is_personal_is_gone() -> None:
    """Links of one reader, whole; the greeting is everybody's; comments are none."""
    page = for_browser(FROZEN, greeting="Hello & <you>,", canonical=CANONICAL)

    assert "Hello &amp; &lt;you&gt;," in page.html
    assert "Go\naway" not in page.html
    assert "now</p>" in page.html
    assert "You signed\nup. " in page.html
    assert "mso" not in page.html
    assert not any(mark in page.html for mark in MARKS.values())


def test_attributes_for_mail_programs_become_style() -> None:
    """Weaker than the styles beside them, as they were; a picture keeps its size."""
    frozen = """<table width="100%" cellpadding="0" cellspacing="0" border="0"
    bgcolor="#FFF" style="width:50%"><tr><td align="center" style="padding:9px">
    <table width="600"><tr><td>a</td></tr></table><img src="https://t.example/a.png"
    alt="" width="40" height="30"></td></tr></table>"""
    page = for_browser(frozen, greeting="", canonical=CANONICAL)

    for obsolete in ("cellpadding", "cellspacing", "bgcolor", "align=", 'width="6'):
        assert obsolete not in page.html
    assert 'width="40" height="30"' in page.html
    assert page.html.index("width: 100%;") < page.html.index("width:50%")
    assert "text-align: center; padding: 0px; padding:9px" in page.html
    assert "width: 600px; margin: 0 auto" in page.html


def test_those_who_listen_find_the_letter() -> None:
    """All of it is the main part of the page."""
    page = for_browser(FROZEN, greeting="Hello,", canonical=CANONICAL)
    root = lxml_html.document_fromstring(page.html)

    assert [child.tag for child in root.body] == ["main"]


def test_an_operators_own_html_without_a_head_is_a_page_too() -> None:
    """A fragment gets what a page needs."""
    page = for_browser("<p style='a:b'>Hi</p>", greeting="", canonical=CANONICAL)

    assert page.html.startswith("<!DOCTYPE html>")
    assert f'<link rel="canonical" href="{CANONICAL}">' in page.html
    assert page.html.index("<head>") < page.html.index("<body>")
