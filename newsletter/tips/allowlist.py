"""Which HTML a tip may hold: tags, attributes and link schemes; everything else goes.

The list is applied by a parser that reads HTML as browsers do, so that nothing hides
in markup which two parsers understand differently.

Source: HTML Living Standard §4.3-4.9 (elements); WCAG 2.2, 1.1.1 (alt).
"""

import re

import nh3


def names(listed: str) -> frozenset[str]:
    """Return the names in *listed*, which stand between spaces."""
    return frozenset(listed.split())


INLINE = names(
    "a abbr bdi bdo br cite code del dfn em img ins kbd mark q rp rt ruby s samp small "
    "span strong sub sup u var"
)
BLOCKS = names(
    "address blockquote dd details dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol "
    "p pre summary table tbody td tfoot th thead tr ul caption"
)
# Boxes without a meaning of their own: they only end the paragraph before them.
BOXES = names(
    "article aside center div fieldset footer form header hgroup main nav section"
)
MEDIA = names("audio embed iframe object source video")
OLD_NAMES = {
    "acronym": "abbr",
    "b": "strong",
    "i": "em",
    "strike": "s",
    "tt": "code",
}
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "code": {"class"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "style"},
}
_MEDIA_ATTRIBUTES = {
    "audio": {"src"},
    "embed": {"src"},
    "iframe": {"src"},
    "object": {"data"},
    "source": {"src"},
    "video": {"src"},
}
_VALUES = {
    "lang": re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "class": re.compile(r"language-[\w.+#-]+"),
    "width": re.compile(r"\d{1,5}"),
    "height": re.compile(r"\d{1,5}"),
    "start": re.compile(r"\d{1,9}"),
    "colspan": re.compile(r"[1-9]\d{0,2}"),
    "rowspan": re.compile(r"[1-9]\d{0,2}"),
    "style": re.compile(r"text-align: ?(left|right|center);?"),
}
_TAG = re.compile(r"<(/?)([a-z0-9]+)")
_EMPTY = names("br embed hr img source")
_DROPPED_WITH_CONTENT = names(
    "button math noscript script select style svg template textarea title"
)


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """Return the attribute's value when its form is known to be harmless."""
    pattern = _VALUES.get(attribute)
    return value if pattern is None or pattern.fullmatch(value) else None


def _cleaner(tags: frozenset[str], attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(tags),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=attributes,
        attribute_filter=_keep,
        strip_comments=True,
        link_rel=None,
        url_schemes=set(LINK_SCHEMES),
        filter_style_properties={"text-align"},
    )


_STRICT = _cleaner(INLINE | BLOCKS, _ATTRIBUTES)
_WIDE = _cleaner(
    INLINE | BLOCKS | BOXES | MEDIA | frozenset(OLD_NAMES),
    {**_ATTRIBUTES, **_MEDIA_ATTRIBUTES},
)
_NO_TAGS = nh3.Cleaner(tags=set(), clean_content_tags=set(_DROPPED_WITH_CONTENT))


def strict(html: str) -> str:
    """Return *html* with nothing in it but what a tip may hold."""
    return _STRICT.clean(html)


def wide(html: str) -> str:
    """Return *html* with boxes and media still in it, for `shaping` to replace."""
    return _WIDE.clean(html)


def text_only(html: str) -> str:
    """Return *html* without any tag; what is left is still escaped."""
    return _NO_TAGS.clean(html)


def nesting(html: str) -> int:
    """Return how deep the tags of cleaned *html* are nested."""
    depth = deepest = 0
    for found in _TAG.finditer(html):
        if found[2] not in _EMPTY:
            depth += -1 if found[1] else 1
            deepest = max(deepest, depth)
    return deepest
