"""People and tips that could break an email, beside ordinary ones.

Names and titles as anybody may have typed them, or as an import let them through.
"""

from datetime import UTC, datetime
from typing import Any

JOINED = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)
EVIL = "x\r\nBcc: evil@example.net\r\n\r\n<script>alert(1)</script>"
PEOPLE: tuple[dict[str, Any], ...] = (
    {"address": "grace@example.org", "name": "Grace Okafor", "signed_up_at": JOINED},
    {"address": "quoted@example.org", "name": 'Reyes, Ada "The \\ Van" <b@x.test>'},
    {"address": "evil@example.org", "name": EVIL, "signed_up_at": JOINED},
    {"address": "emoji@example.org", "name": "Zoë 👩🏽‍🔧 " * 12},
    {"address": "long@example.org", "name": "w" * 500},
    {"address": "layla@example.org", "name": "ليلى \u202eمنصور\u2028X-Evil: 1"},
    {"address": "encoded@example.org", "name": "=?utf-8?q?Bcc=3A?= & <i>Co</i>"},
    {"address": "nameless@bücher.example", "name": ""},
)
EVERYTHING = """\
See [the guide](https://example.org/guide?a=1&b=2), or https://www.example.org/{url}.

## A heading with `code` & an <angle>

1. First
   - nested *thing*
2. Second {word}

#### A heading that left a step out

| Channel | Reply within | Who |
|:--|--:|:-:|
| Phone | 20 s | [The desk](https://example.org/desk) |
| Email | 4 h | a_long_unbroken_identifier_{word} |

> A quotation with [another link](https://example.org/quoted).

[![A van with a ladder](https://example.org/van.jpg)](https://example.org/van)

    .code that begins with a dot
    From code that begins like an envelope

.Lines of text may, too. {long}

From here on nothing is left to say, but for one line: café, naïve, 50 € = 5 000 ¢.

*Close the gap before it opens: [say so](https://example.org/so).*
""".format(url="path/" * 60, word="x" * 500, long="And on. " * 400)
RIGHT_TO_LEFT = """\
שלום לכולם, זו פסקה בעברית עם [קישור](https://example.org/he) ומספר 42.

- פריט ראשון
- second item, in English

> ציטוט באמצע

日本語の段落です。お客様に次に何が起こるかをお伝えください。

*סוף טוב הכול טוב.*
"""
POISON = """\
<script>alert(1)</script><form action="https://example.net/"><input name="q"></form>
<iframe src="https://example.net/"></iframe><!-- secret: qwertz -->

Words <a href="javascript:alert(1)" onclick="alert(2)">to keep</a>
<b style="position:fixed;display:none" onmouseover="x()">and these</b>.

<img src="https://example.net/pixel.gif" width="1" height="1" alt="">
<img src="data:image/png;base64,iVBORw0KGgo=" alt="inlined">

<style>p { display: none }</style><link rel="stylesheet" href="https://example.net/x">

{{ 7 * 7 }} {% raw %} &amp;lt; &#x202e;done.
"""
TIPS: dict[str, dict[str, Any]] = {
    "ordinary": {"title": "Say what happens next", "author": "Ada Reyes"},
    "everything": {
        "title": 'Say "yes", then,\r\nBcc: evil@example.net',
        "body": EVERYTHING,
        "author": "Ада Рейес, \r\n.of <b>an</b> office",
    },
    "right-to-left": {"title": "כותרת 日本語 👩🏽‍🔧 " * 12, "body": RIGHT_TO_LEFT},
    "poison": {"title": "=?utf-8?q?Bcc?= {{ x }} &amp; <script>", "body": POISON},
    "one-word": {"title": "w" * 500, "body": "x" * 3000 + "\n\n.\n\nFrom x"},
}
