"""Settings come from the file and the environment; what is wrong is named."""

import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from newsletter.config import Config, Security, load
from newsletter.errors import (
    BadSetting,
    ConfigError,
    MissingConfig,
    MissingSetting,
    UnknownSetting,
    UnreadableConfig,
)

SECRET = "correct horse battery staple, and more"

Reading = Callable[..., Config]


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """Load a text as the configuration file, with an environment."""

    def reading(text: str = "", **environ: str) -> Config:
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        return load(path, environ)

    return reading


def refusal(read: Reading, text: str = "", **environ: str) -> ConfigError:
    """Return the error with which a configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        read(text, **environ)
    return caught.value


def test_an_empty_file_means_the_defaults(read: Reading) -> None:
    """Nothing has to be written for the program to start."""
    assert read().settings.smtp.security is Security.STARTTLS


def test_paths_start_from_the_folder_of_the_file(
    read: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the program is started, a relative path means the same file."""
    monkeypatch.setenv("HOME", "/home/ann")
    config = read()

    assert config.folder == tmp_path
    assert config.path("outbox") == tmp_path / "outbox"
    assert config.path("/var/mail") == Path("/var/mail")
    assert config.path("~/mail") == Path("/home/ann/mail")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The first thing an operator ever sees must help."""
    with pytest.raises(MissingConfig, match="newsletter init") as caught:
        load(tmp_path / "nowhere.toml", {})

    assert str(tmp_path / "nowhere.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[smtp\n", r"it is not TOML: .* line 1, .*\. Most often a quotation mark"),
        (b"a = 1\na = 2\n", "it is not TOML: .* line 2"),
        (b"a\xff\xfe", r"byte 2 is not UTF-8\. Save the file as UTF-8\."),
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(
    content: bytes, says: str, tmp_path: Path
) -> None:
    """The file, where in it, and what to do."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)

    with pytest.raises(UnreadableConfig, match=rf"config\.toml: {says}"):
        load(path, {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    """A wrong --config is told apart from a missing one."""
    with pytest.raises(UnreadableConfig, match="opened: Is a directory"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ('[smtp]\nhots = "mail.example"', "smtp.hots", "smtp.host"),
        ("[shedule]\n", "shedule", "schedule"),
        ("[xyzzy]\n", "xyzzy", None),
        ("[smtp.warm_up]\nstrat = 5", "smtp.warm_up.strat", "smtp.warm_up.start"),
    ],
)
def test_an_unknown_setting_names_the_nearest(
    read: Reading, text: str, key: str, nearest: str | None
) -> None:
    """A misspelt key is never silently ignored."""
    error = refusal(read, text)

    assert isinstance(error, UnknownSetting)
    assert (error.key, error.nearest) == (key, nearest)
    assert f'config.toml: unknown setting "{key}"' in str(error)
    hint = f'Did you mean "{nearest}"?' if nearest else "See docs/configuration.md"
    assert hint in str(error)


def test_an_unknown_variable_names_the_nearest(read: Reading) -> None:
    """So is a misspelt variable; those of other programs are none of our business."""
    error = refusal(read, NEWSLETTER_SMTP_PASWORD="hunter2", PATH="/bin")

    assert str(error) == (
        'environment: unknown setting "NEWSLETTER_SMTP_PASWORD". '
        'Did you mean "NEWSLETTER_SMTP_PASSWORD"?'
    )


@pytest.mark.parametrize(
    ("text", "key", "value", "reason"),
    [
        ("[smtp]\nport = 70000", "smtp.port", "70000", "less than or equal to 65535"),
        ("[smtp]\nwarm_up = 5", "smtp.warm_up", "'…'", "write it as [smtp.warm_up]"),
        (
            "[smtp.per_domain]\n'two words.example' = 5",
            "smtp.per_domain.two words.example.[key]",
            "'two words.example'",
            "no domain",
        ),
        (
            "[smtp.per_domain]\n'mail.example' = 0",
            "smtp.per_domain.mail.example",
            "0",
            "0.001",
        ),
        ('[smtp]\nport = "many"', "smtp.port", "'many'", "valid integer"),
        (
            '[smtp]\nhost = "mail.example"\nsecurity = "none"\nusername = "tips"',
            "smtp.username",
            "'tips'",
            'would go to mail.example in the clear. Set smtp.security to "starttls"',
        ),
        (
            '[schedule]\nweekday = "tusday"',
            "schedule.weekday",
            "'tusday'",
            "'tuesday'?",
        ),
        ('[schedule]\ntime = "9"', "schedule.time", "'9'", "such as 09:00"),
        ('[email]\naccent = "#777777"', "email.accent", "'#777777'", "3.81:1"),
        (
            '[identity]\nfrom_address = "Tips <t@tips.example>"',
            "identity.from_address",
            "'Tips <t@tips.example>'",
            "",
        ),
        (
            '[newsletter]\nbase_url = "http://tips.example"',
            "newsletter.base_url",
            "'http://tips.example'",
            "https://",
        ),
    ],
)
def test_a_wrong_value_names_file_key_value_and_reason(
    read: Reading, text: str, key: str, value: str, reason: str
) -> None:
    """Everything needed to mend it stands in one line."""
    error = refusal(read, text)

    assert isinstance(error, BadSetting)
    assert error.key == key
    assert f"config.toml: {key} = {value}: " in str(error)
    assert reason in str(error)
    assert "\n" not in str(error)


def test_a_lease_shorter_than_a_reply_is_refused(read: Reading) -> None:
    """The two settings and their values are named, for neither is wrong by itself."""
    error = refusal(read, "[delivery]\nlease_seconds = 60")

    assert "delivery.lease_seconds (60) must be longer" in str(error)
    assert "smtp.timeout_seconds (300)" in str(error)


def test_the_environment_wins(read: Reading) -> None:
    """What a container is started with beats what its image was built with."""
    config = read(
        '[smtp]\nhost = "old.example"\nport = 25',
        NEWSLETTER_SMTP_HOST="new.example",
        NEWSLETTER_SMTP_CONNECTIONS="7",
        NEWSLETTER_SCHEDULE_SKIP_DATES='["2026-12-29", "2027-01-05"]',
        NEWSLETTER_DELIVERY_RETRY_AFTER='["1m", "2h"]',
        NEWSLETTER_DELIVERY_ALLOW_RESERVED="true",
        NEWSLETTER_CONFIG="elsewhere.toml",
    )

    assert (config.settings.smtp.host, config.settings.smtp.port) == ("new.example", 25)
    assert config.settings.smtp.connections == 7
    assert config.settings.schedule.skip_dates == (date(2026, 12, 29), date(2027, 1, 5))
    assert config.settings.delivery.retry_after == ("1m", "2h")
    assert config.settings.delivery.allow_reserved


def test_a_table_in_the_environment_is_written_as_in_toml(read: Reading) -> None:
    """So is a setting of a table within a table named by both, with underscores."""
    smtp = read(
        "[smtp.per_domain]\n'MAIL.example' = 5\n[smtp.warm_up]\nfactor = 2",
        NEWSLETTER_SMTP_WARM_UP_START="50",
    ).settings.smtp
    other = read("", NEWSLETTER_SMTP_PER_DOMAIN='{ "post.example" = 0.5 }')

    assert smtp.per_domain == {"mail.example": 5}
    assert (smtp.warm_up.start, smtp.warm_up.factor) == (50, 2)
    assert other.settings.smtp.per_domain == {"post.example": 0.5}


def test_text_in_the_environment_needs_no_quotes(read: Reading) -> None:
    """Quoted or not, and even when it only looks like TOML, a text is a text."""
    config = read(
        NEWSLETTER_NEWSLETTER_NAME="Tips = good",
        NEWSLETTER_SMTP_USERNAME='"quoted"',
        NEWSLETTER_SMTP_PASSWORD='["half a list',
    )

    assert config.settings.newsletter.name == "Tips = good"
    assert config.settings.smtp.username == "quoted"
    assert config.settings.smtp.password.get_secret_value() == '["half a list'


def test_secrets_are_read_from_files(read: Reading, tmp_path: Path) -> None:
    """A relative name starts from the configuration; the final newline is dropped."""
    (tmp_path / "secret").write_text(f"{SECRET}\n", "utf-8")
    (tmp_path / "password").write_text("hunter2\n", "utf-8")

    config = read(
        '[newsletter]\nsecret_file = "secret"\n[mailbox]\npassword_file = "password"',
        NEWSLETTER_SMTP_PASSWORD_FILE=str(tmp_path / "password"),
    )

    assert config.secrets == (SECRET.encode(),)
    assert config.settings.smtp.password.get_secret_value() == "hunter2"
    assert config.settings.mailbox.password.get_secret_value() == "hunter2"


def test_a_secret_file_in_the_environment_beats_a_secret_in_the_file(
    read: Reading, tmp_path: Path
) -> None:
    """`newsletter init` writes a secret; a container's own file still wins over it."""
    (tmp_path / "secret").write_text(SECRET, "utf-8")
    written = f'[newsletter]\nsecret = "{"x" * 40}"'

    from_file = read(written, NEWSLETTER_NEWSLETTER_SECRET_FILE="secret")
    from_variable = read(
        written,
        NEWSLETTER_NEWSLETTER_SECRET_FILE="secret",
        NEWSLETTER_NEWSLETTER_SECRET="y" * 40,
    )

    assert from_file.secrets == (SECRET.encode(),)
    assert from_variable.secrets == (b"y" * 40,)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("\n", "empty"), (b"\xff", "utf-8")]
)
def test_a_secret_file_that_holds_none_is_named(
    read: Reading, tmp_path: Path, content: str | bytes | None, reason: str
) -> None:
    """A missing or empty file must not turn into an empty password."""
    if content is not None:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / "password").write_bytes(data)

    error = refusal(read, '[smtp]\npassword_file = "password"')

    assert "config.toml: smtp.password_file = 'password': the file" in str(error)
    assert reason in str(error)


def test_former_secrets_come_after_the_one_in_force(read: Reading) -> None:
    """Links are signed with the first and understood with all of them."""
    text = f'[newsletter]\nsecret = "{"n" * 32}"\nold_secrets = ["a", "b"]'

    assert read(text).secrets == (b"n" * 32, b"a", b"b")


def test_without_a_secret_nothing_may_be_signed(read: Reading) -> None:
    """The error says what it is for and which command makes one."""
    with pytest.raises(MissingSetting, match="newsletter init"):
        _ = read().secrets


def test_a_short_secret_is_refused(read: Reading) -> None:
    """Links that anybody can guess are worse than none; the secret is not shown."""
    error = refusal(read, '[newsletter]\nsecret = "hunter2"')

    assert "newsletter.secret" in str(error)
    assert "it has 7 characters; use at least 32" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        '[newsletter]\nsecret = ["hunter2"]',
        '[newsletter]\nsecret = "hunter2"',
        '[newsletter]\nold_secrets = "hunter2"',
        '[newsletter]\nold_secrets = [["hunter2"]]',
        '[smtp]\npassword = ["hunter2"]',
        '[smtp]\npassword = { hunter2 = "hunter2" }',
        '[[smtp]]\npassword = "hunter2"',
        'smtp = "hunter2"',
        '[smtp]\npasword = "hunter2"',
        '[database]\nurl = ["postgresql://tips:hunter2@db.example/tips"]',
        '[smtp]\npassword = "hunter2"\n[delivery]\nlease_seconds = 60',
        '[smtp]\npassword = "hunter2',
    ],
)
def test_no_error_ever_shows_a_secret(read: Reading, text: str) -> None:
    """Not in its words and not in the errors behind it, as a traceback prints them."""
    error = refusal(read, text)

    # Frames quote the lines of this test; only the errors' own words count here.
    while error is not None:
        words = "".join(traceback.format_exception_only(error))
        assert "hunter2" not in words
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


def test_settings_shown_by_accident_hide_their_secrets(read: Reading) -> None:
    """A log line with all settings in it gives nothing away."""
    config = read(
        f'[newsletter]\nsecret = "{SECRET}"\nold_secrets = ["former"]\n'
        '[smtp]\npassword = "hunter2"\n'
        '[database]\nurl = "postgresql://tips:hunter2@db.example/tips"'
    )

    for secret in ("hunter2", SECRET, "former"):
        assert secret not in repr(config)
        assert secret not in config.settings.model_dump_json()
