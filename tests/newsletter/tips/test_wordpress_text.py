"""What WordPress stores as text: captions, players, and what is no shortcode."""

from newsletter.tips.wordpress_text import post_text


def test_a_caption_becomes_a_figure() -> None:
    """The image stays in its link, the words become the caption."""
    text = post_text(
        '[caption id="x" width="9"]<a href="b"><img src="a.png"></a> Words[/caption]'
    )

    assert text.html.strip() == (
        '<figure><a href="b"><img src="a.png"></a>'
        "<figcaption>Words</figcaption></figure>"
    )


def test_a_caption_may_stand_in_the_attributes() -> None:
    """That is how the oldest posts have it."""
    text = post_text('[caption caption="Old words"]<img src="a.png">[/caption]')

    assert "<figcaption>Old words</figcaption>" in text.html


def test_a_player_with_an_address_becomes_a_link() -> None:
    """Embed, audio and video name theirs in three ways."""
    text = post_text(
        "[embed]https://v.example/1[/embed] [audio https://v.example/2.mp3] "
        '[video mp4="https://v.example/3.mp4"][/video]'
    )

    for address in (
        "https://v.example/1",
        "https://v.example/2.mp3",
        "https://v.example/3.mp4",
    ):
        assert f'<a href="{address}">{address}</a>' in text.html
    assert len(text.notes) == 3


def test_a_gallery_without_addresses_is_dropped_and_noted() -> None:
    """Numbers of attachments mean nothing outside the blog."""
    text = post_text('a [gallery ids="1,2"] b')

    assert "gallery" not in text.html
    assert "[gallery] names no address" in text.notes[0]


def test_brackets_that_are_words_stay() -> None:
    """Doubled brackets, ellipses and unknown names are left to the reader."""
    text = post_text('[[gallery]] [...] [sic] [quiz id="3"] \ue0009\ue001')

    assert text.html == '[gallery] [...] [sic] [quiz id="3"] '
    assert text.notes == ("the shortcode [quiz] is not known and stays as text",)


def test_only_posts_without_blocks_have_meaningful_line_breaks() -> None:
    """The block editor writes its paragraphs out."""
    assert post_text("a\nb").line_breaks
    assert not post_text("<!-- wp:paragraph -->\n<p>a</p>").line_breaks
