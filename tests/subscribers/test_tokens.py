"""A token says who is meant to us, and nothing to anybody else."""

import re
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import BadToken
from subscribers.tokens import (
    TOKEN_LENGTH,
    Purpose,
    TokenSigner,
    TokenSubject,
    second_of,
)

NEW, OLD = b"new" * 12, b"old" * 12
SIGNER = TokenSigner([NEW])
IDS = st.integers(0, 2**64 - 1)
ALPHABET = string.ascii_letters + string.digits + "-_"


@given(st.sampled_from(Purpose), IDS, IDS)
def test_a_token_is_read_back(purpose: Purpose, subject: int, about: int) -> None:
    """What was signed is what is verified, for every id that there can be."""
    token = SIGNER.sign(purpose, subject, about)

    assert SIGNER.verify(purpose, token) == TokenSubject(subject, about)


@given(IDS, IDS)
def test_every_token_has_one_length_and_survives_in_a_link(
    subject: int, about: int
) -> None:
    """It can be spliced into a prepared letter, and no program cuts its end off."""
    token = SIGNER.sign(Purpose.VIEW, subject, about)

    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert len(token) == TOKEN_LENGTH <= 40
    assert token[-1].isalnum()


@given(IDS, st.integers(0, TOKEN_LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_changed_character_spoils_it(
    subject: int, place: int, character: str
) -> None:
    """A token with any character changed is refused, the last one included."""
    token = SIGNER.sign(Purpose.VIEW, subject)
    changed = token[:place] + character + token[place + 1 :]

    if changed != token:
        with pytest.raises(BadToken):
            SIGNER.verify(Purpose.VIEW, changed)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    """Whatever somebody puts into a link is refused, and in one way."""
    with pytest.raises(BadToken):
        SIGNER.verify(Purpose.UNSUBSCRIBE, text)


@pytest.mark.parametrize("other", [Purpose.PREFERENCES, Purpose.VIEW])
def test_a_token_of_one_purpose_is_worthless_for_another(other: Purpose) -> None:
    """The link to look at an issue does not unsubscribe, nor the other way round."""
    with pytest.raises(BadToken, match="made for something else"):
        SIGNER.verify(other, SIGNER.sign(Purpose.UNSUBSCRIBE, 7))


def test_a_former_secret_still_verifies() -> None:
    """After a change of secrets, links in letters already sent go on working."""
    sent = TokenSigner([OLD]).sign(Purpose.UNSUBSCRIBE, 7, 3)

    assert TokenSigner([NEW, OLD]).verify(Purpose.UNSUBSCRIBE, sent).subject == 7
    with pytest.raises(BadToken):
        TokenSigner([NEW]).verify(Purpose.UNSUBSCRIBE, sent)


def test_only_the_first_secret_signs() -> None:
    """New letters carry tokens of the secret in force."""
    signed = TokenSigner([NEW, OLD]).sign(Purpose.VIEW, 7)

    assert signed == TokenSigner([NEW]).sign(Purpose.VIEW, 7)


def test_the_same_ids_give_the_same_token_and_near_ones_look_unlike() -> None:
    """A retried letter equals the first; from a token no id can be read or guessed."""
    tokens = [SIGNER.sign(Purpose.VIEW, subject) for subject in range(200)]

    assert SIGNER.sign(Purpose.VIEW, 7) == tokens[7]
    for place in range(TOKEN_LENGTH - 1):
        assert len({token[place] for token in tokens}) > 40


def test_nobody_is_a_legal_subject() -> None:
    """A preview has working links, which name nobody."""
    token = SIGNER.sign(Purpose.UNSUBSCRIBE, 0)

    assert SIGNER.verify(Purpose.UNSUBSCRIBE, token) == TokenSubject(0, 0)


@pytest.mark.parametrize("bad", [(-1, 0), (0, -1), (2**64, 0)])
def test_an_impossible_id_is_not_signed(bad: tuple[int, int]) -> None:
    """An id that no table can hold is a mistake of ours."""
    with pytest.raises(ValueError, match="no token can hold"):
        SIGNER.sign(Purpose.VIEW, *bad)


@pytest.mark.parametrize("secrets", [[], [b""], [NEW, b""]])
def test_there_is_no_signing_without_a_secret(secrets: list[bytes]) -> None:
    """An empty secret would let everybody sign."""
    with pytest.raises(ValueError, match="needs a secret"):
        TokenSigner(secrets)


@given(IDS, st.data())
def test_no_alteration_of_a_token_is_taken_for_it(
    subject: int, data: st.DataObject
) -> None:
    """Cut, lengthened, swapped, doubled or of another case: refused, every one."""
    token = SIGNER.sign(Purpose.UNSUBSCRIBE, subject)
    place = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(place, len(token)))
    between = data.draw(st.text(st.sampled_from(ALPHABET + "=+/% \n"), max_size=3))
    for altered in (
        token[:place] + between + token[end:],
        token[:place] + token[place:end].swapcase() + token[end:],
        token[place:] + token[:place],
        token[::-1],
    ):
        if altered != token:
            with pytest.raises(BadToken):
                SIGNER.verify(Purpose.UNSUBSCRIBE, altered)


@given(st.integers(0, 253_402_214_400), st.integers(0, 999_999))
def test_a_token_says_when_it_was_made(second: int, fraction: int) -> None:
    """To the second, never later than it was; so a link expires by its own words."""
    moment = datetime.fromtimestamp(second, UTC).replace(microsecond=fraction)
    token = SIGNER.sign(Purpose.CONFIRM, 1, second_of(moment))

    issued = SIGNER.verify(Purpose.CONFIRM, token).issued

    assert issued == moment.replace(microsecond=0)
    assert issued.tzinfo is UTC


def test_the_second_is_the_same_in_every_zone() -> None:
    """A moment is a moment, however its clock is set."""
    moment = datetime(2026, 11, 22, 8, 0, 0, 999_999, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=13)))

    assert second_of(moment) == second_of(elsewhere) == 1_795_334_400


@given(IDS)
def test_any_number_is_some_time(about: int) -> None:
    """What a token is about may be no time at all; asking does no harm."""
    assert TokenSubject(1, about).issued.year <= 9999
