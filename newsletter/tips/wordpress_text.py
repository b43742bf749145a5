"""Turn what WordPress stores as the text of a post into HTML that anybody can read.

Older posts have no paragraphs, only blank lines; shortcodes stand for captions and
players. Block comments need nothing: the cleaning drops every comment.
"""

import re
from dataclasses import dataclass
from html import escape

_BLOCKS = re.compile(r"<!--\s+/?wp:")
_ESCAPED = re.compile(r"\[(\[[\w-]+[^\[\]]*\])\]")
# Two private characters hold the place of what is no shortcode.
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
_CAPTION = re.compile(
    r"\[(?:wp_)?caption(?P<attributes>[^\]]*)\](?P<content>.*?)\[/(?:wp_)?caption\]",
    re.DOTALL | re.IGNORECASE,
)
_PLAYER = re.compile(
    r"\[(?P<name>embed|video|audio|playlist|gallery|youtube|vimeo)\b"
    r"(?P<attributes>[^\]]*)\](?:(?P<content>[^\[]*)\[/(?P=name)\])?",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))")
_IMAGE = re.compile(r"(?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]]+")
_UNKNOWN = re.compile(r"\[([a-z][\w-]{2,})\s+[\w-]+=[\"'][^\]]*\]", re.IGNORECASE)


@dataclass(frozen=True)
class PostText:
    """The HTML of a post; `line_breaks` as `clean_html` understands it."""

    html: str
    line_breaks: bool
    notes: tuple[str, ...]


def post_text(content: str) -> PostText:
    """Return the HTML that *content*, a post as it is stored, stands for."""
    notes: list[str] = []
    kept: list[str] = []

    def hide(found: re.Match[str]) -> str:
        kept.append(found[1])
        return f"\ue000{len(kept) - 1}\ue001"

    html = _ESCAPED.sub(hide, _HIDDEN.sub("", content))
    html = _CAPTION.sub(_figure, html)
    html = _PLAYER.sub(lambda found: _link(found, notes), html)
    notes += [
        f"the shortcode [{unknown}] is not known and stays as text"
        for unknown in dict.fromkeys(_UNKNOWN.findall(html))
    ]
    html = _HIDDEN.sub(lambda found: kept[int(found[1])], html)
    return PostText(html, _BLOCKS.search(content) is None, tuple(dict.fromkeys(notes)))


def _figure(found: re.Match[str]) -> str:
    content = found["content"]
    image = _IMAGE.search(content)
    words = content.replace(image[0], "", 1) if image else content
    caption = words.strip() or _attributes(found["attributes"]).get("caption", "")
    picture = image[0] if image else ""
    return (
        f"\n\n<figure>{picture}<figcaption>{caption.strip()}</figcaption></figure>\n\n"
    )


def _link(found: re.Match[str], notes: list[str]) -> str:
    """Return a link to what a shortcode plays or shows, or nothing."""
    name = found["name"].lower()
    address = _ADDRESS.search(f"{found['content'] or ''} {found['attributes']}")
    if address is None:
        notes.append(f"the shortcode [{name}] names no address and was dropped")
        return "\n\n"
    notes.append(f"the shortcode [{name}] became a link")
    target = escape(address[0])
    return f'\n\n<p><a href="{target}">{target}</a></p>\n\n'


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): double or single or bare
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }
