"""Read settings from a TOML file and the environment; nothing else reads either.

Every setting can come from the environment as ``NEWSLETTER_SECTION_KEY``, which wins
over the file; lists and numbers are written there as in TOML. A secret can also be read
from a file, named by the setting beside it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from newsletter.config.section import Section
from newsletter.config.settings import Settings
from newsletter.errors import (
    BadSetting,
    MissingConfig,
    MissingSetting,
    UnknownSetting,
    UnreadableConfig,
)

PREFIX = "NEWSLETTER_"
CONFIG_VARIABLE = "NEWSLETTER_CONFIG"
DEFAULT_PATH = Path("config.toml")
SHORTEST_SECRET = 32
_SECRETS_IN_FILES = (
    ("newsletter", "secret"),
    ("smtp", "password"),
    ("mailbox", "password"),
)

Tables = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Config:
    """Settings, and the folder that their relative paths start from."""

    settings: Settings
    folder: Path
    source: str

    def path(self, value: str) -> Path:
        """Return the path that a setting names."""
        return self.folder / Path(value).expanduser()

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The keys of signed links: the one in force first, then the former ones.

        Raises:
            MissingSetting: there is no secret; nothing may be sent without one.
        """
        section = self.settings.newsletter
        current = section.secret.get_secret_value()
        if not current:
            raise MissingSetting(
                key="newsletter.secret",
                why="it signs the unsubscribe links. `newsletter init` makes one.",
            )
        former = (secret.get_secret_value() for secret in section.old_secrets)
        return tuple(secret.encode() for secret in (current, *former))


def sections(
    kind: type[Section] = Settings, path: str = ""
) -> Iterator[tuple[str, type[Section]]]:
    """Yield every table of the file by name; ``smtp.warm_up`` is within ``smtp``."""
    for name, field in kind.model_fields.items():
        table = field.annotation
        if isinstance(table, type) and issubclass(table, Section):
            yield f"{path}{name}", table
            yield from sections(table, f"{path}{name}.")


def keys_of(kind: type[Section]) -> list[str]:
    """Return the settings of a table, without the tables within it."""
    within = {name for name, _ in sections(kind)}
    return [key for key in kind.model_fields if key not in within]


def setting_keys() -> Iterator[tuple[str, str]]:
    """Yield every setting as (section, key), in the order of the file."""
    for section, kind in sections():
        for key in keys_of(kind):
            yield section, key


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the settings from *path*, then from *environ*.

    Raises:
        ConfigError: the file is missing or unreadable, or a setting is unknown or
            wrong; the text names the file, the key, the value and what to do.
    """
    path = path.expanduser().absolute()
    where = str(path)
    tables = _read_toml(path)
    _refuse_unknown(tables, where)
    _overlay(tables, environ)
    _read_secret_files(tables, path)
    return Config(_validate(tables, where), path.parent, where)


def _read_toml(path: Path) -> Tables:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        raise MissingConfig(path=path) from error
    except OSError as error:
        reason = f"it cannot be opened: {error.strerror}. Check who may read it."
        raise UnreadableConfig(path=path, reason=reason) from error
    except UnicodeDecodeError as error:
        reason = f"byte {error.start + 1} is not UTF-8. Save the file as UTF-8."
        raise UnreadableConfig(path=path, reason=reason) from error
    except tomllib.TOMLDecodeError as error:
        reason = f"it is not TOML: {error}. Most often a quotation mark is missing."
        raise UnreadableConfig(path=path, reason=reason) from error


def _refuse_unknown(tables: Tables, where: str) -> None:
    known = [f"{section}.{key}" for section, key in setting_keys()]
    for section, table in tables.items():
        if section not in Settings.model_fields:
            nearest = _nearest(section, list(Settings.model_fields))
            raise UnknownSetting(key=section, nearest=nearest, where=where)
        _refuse_unknown_in(section, table, known, where)


def _refuse_unknown_in(
    section: str, table: object, known: list[str], where: str
) -> None:
    if not isinstance(table, dict):
        reason = f"write it as [{section}]"
        raise BadSetting(key=section, value="…", reason=reason, where=where)
    within = [name for name, _ in sections()]
    for key, value in table.items():
        name = f"{section}.{key}"
        if name in within:
            _refuse_unknown_in(name, value, known, where)
        elif name not in known:
            nearest = _nearest(name, known)
            raise UnknownSetting(key=name, nearest=nearest, where=where)


def _nearest(name: str, known: list[str]) -> str | None:
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), None)


def _overlay(tables: Tables, environ: Mapping[str, str]) -> None:
    """Let the environment win over the file; refuse a variable that names nothing."""
    names = {
        f"{PREFIX}{section}_{key}".upper().replace(".", "_"): (section, key)
        for section, key in setting_keys()
    }
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if variable not in names:
            raise UnknownSetting(
                key=variable,
                nearest=_nearest(variable, list(names)),
                where="environment",
            )
        section, key = names[variable]
        table: dict[str, Any] = tables
        for part in section.split("."):
            table = table.setdefault(part, {})
        table[key] = _from_text(text)
        if key.endswith("_file") and variable.removesuffix("_FILE") not in environ:
            # A secret's file named here wins over a secret written in the other file.
            table.pop(key.removesuffix("_file"), None)


def _from_text(text: str) -> object:
    """Read a list, a table or quoted text as TOML; anything else is the text itself."""
    if text.startswith(("[", "{", '"')):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _read_secret_files(tables: Tables, path: Path) -> None:
    for section, key in _SECRETS_IN_FILES:
        table = tables.get(section, {})
        name = table.get(f"{key}_file")
        if not name or table.get(key):
            continue
        try:
            table[key] = _secret_in(path.parent / Path(str(name)).expanduser())
        except (OSError, ValueError, RuntimeError) as error:
            raise BadSetting(
                key=f"{section}.{key}_file",
                value=str(name),
                reason=f"the file cannot be read: {error}",
                where=str(path),
            ) from error


def _secret_in(file: Path) -> str:
    secret = file.read_text("utf-8").strip()
    if not secret:
        raise ValueError("it is empty")
    return secret


def _validate(tables: Tables, where: str) -> Settings:
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise BadSetting(
            key=key or "settings",
            value=_shown(key, first["input"]),
            reason=reason,
            where=where,
        ) from error
    secret = settings.newsletter.secret.get_secret_value()
    if secret and len(secret) < SHORTEST_SECRET:
        raise BadSetting(
            key="newsletter.secret",
            value="…",
            reason=f"it has {len(secret)} characters; use at least {SHORTEST_SECRET}",
            where=where,
        )
    return settings


def _shown(key: str, value: object) -> object:
    """Return *value* as an error may show it: never a secret, never a whole file."""
    # The database's URL holds a password.
    secret = any(word in key for word in ("secret", "password", "database.url"))
    whole = isinstance(value, dict | Settings) or not key
    return "…" if secret or whole else value
