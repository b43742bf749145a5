"""What is written down about settings is what the program reads."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from newsletter.config import Settings, TransportKind, load
from newsletter.config.example import example_toml, reference_markdown
from newsletter.config.loading import keys_of, sections, setting_keys

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
KEYS = list(setting_keys())
NAMES = [".".join(key) for key in KEYS]
# Every setting active, as if the operator had removed each comment sign.
ALL_ACTIVE = re.sub(r"(?m)^# (?=[a-z_0-9]+ = )", "", example_toml())

one_line = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]))


def described(section: str, key: str) -> str:
    """Return the description of a setting."""
    return str(dict(sections())[section].model_fields[key].description)


def test_the_example_at_the_top_is_the_one_we_would_write() -> None:
    """The file cannot drift from the settings; write it anew when this fails."""
    assert EXAMPLE.read_text("utf-8") == example_toml()


@pytest.mark.parametrize("text", [example_toml(), ALL_ACTIVE], ids=["as is", "active"])
def test_the_example_loads_back_to_the_defaults(text: str, tmp_path: Path) -> None:
    """As it stands and with every comment sign removed, it says what is so anyway."""
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")

    assert load(path, {}).settings == Settings()


def test_every_setting_stands_in_the_example_once() -> None:
    """Nothing is left out, and nothing is in it that does not exist."""
    found = tomllib.loads(ALL_ACTIVE)
    warm_up = found["smtp"].pop("warm_up")
    keys = []
    for section, table in found.items():
        keys += [(section, key) for key in table]
        if section == "smtp":
            keys += [("smtp.warm_up", key) for key in warm_up]

    assert keys == KEYS
    assert [(s, k) for s, kind in sections() for k in keys_of(kind)] == KEYS


@pytest.mark.parametrize(("section", "key"), KEYS, ids=NAMES)
def test_every_setting_is_explained(section: str, key: str) -> None:
    """The words above a setting in the example are its description, in full."""
    table = ALL_ACTIVE.split(f"\n[{section}]\n")[1]
    above = table.split(f"\n{key} = ")[0].split("\n\n")[-1].strip()
    words = " ".join(line.removeprefix("# ") for line in above.splitlines())

    assert words == " ".join(described(section, key).split())
    assert len(words) > 5


@pytest.mark.parametrize(("section", "key"), KEYS, ids=NAMES)
def test_every_setting_is_in_the_reference(section: str, key: str) -> None:
    """One line of the right table for each, with its meaning."""
    page = reference_markdown().split(f"## `[{section}]`")[1].split("\n## ")[0]
    (line,) = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]

    assert described(section, key).replace("|", "\\|") in line
    assert len(re.findall(r"(?<!\\)\|", line)) == 4


def test_the_example_is_no_wider_than_a_page() -> None:
    """An operator reads it in a terminal; only values may be longer."""
    assert all(len(line) <= 88 for line in example_toml().splitlines())


def test_values_that_are_given_stand_active(tmp_path: Path) -> None:
    """`newsletter init` writes what it was told, and the program reads that back."""
    path = tmp_path / "config.toml"
    given_values = {
        "newsletter.secret": SecretStr("s" * 32),
        "schedule.skip_dates": (date(2026, 12, 29),),
        "delivery.transport": TransportKind.FILE,
        "delivery.retry_after": ("1m", "2h"),
        "smtp.max_per_second": 2.5,
        "smtp.per_domain": {"mail.example": 5, "post.example": 0.5},
        "smtp.warm_up.start": 200,
        "delivery.allow_reserved": True,
    }
    path.write_text(example_toml(given_values), "utf-8")

    settings = load(path, {}).settings

    assert settings.newsletter.secret.get_secret_value() == "s" * 32
    assert settings.schedule.skip_dates == (date(2026, 12, 29),)
    assert settings.delivery.transport is TransportKind.FILE
    assert settings.delivery.retry_after == ("1m", "2h")
    assert settings.smtp.max_per_second == 2.5
    assert settings.smtp.per_domain == {"mail.example": 5, "post.example": 0.5}
    assert settings.smtp.warm_up.start == 200
    assert settings.delivery.allow_reserved


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_survives_being_written(text: str) -> None:
    """Quotes, backslashes, controls and emoji come back as they went in."""
    written = example_toml({"smtp.username": text})

    assert tomllib.loads(written)["smtp"]["username"] == text
