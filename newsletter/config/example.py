"""Write settings down: the example file, a new `config.toml`, the reference page.

All three are made from the descriptions in `settings`, and tests compare them, so that
none of them can drift.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from textwrap import wrap
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from newsletter.config.loading import PREFIX, keys_of, sections

WIDTH = 88

# Settings that a newcomer must look at; they stand uncommented in a new file.
_ESSENTIAL = frozenset(
    {
        "newsletter.name",
        "newsletter.base_url",
        "newsletter.secret",
        "identity.from_name",
        "identity.from_address",
        "identity.organisation",
        "identity.postal_address",
        "links.sign_up",
        "links.contact",
        "links.resources",
        "links.home",
        "schedule.weekday",
        "schedule.time",
        "schedule.timezone",
        "database.url",
        "smtp.host",
        "smtp.port",
        "smtp.security",
        "smtp.username",
    }
)


def example_toml(values: Mapping[str, object] | None = None) -> str:
    """Return a configuration file with every setting, its meaning and its default.

    Args:
        values: what to write instead of a default, by ``section.key``; such settings
            and the essential ones are active, the others stand in comments.
    """
    values = values or {}
    lines = [
        "# Settings of the newsletter. Lines in comments show the default.",
        "# Every setting can also come from the environment, which wins: smtp.password",
        f"# is {PREFIX}SMTP_PASSWORD. Check this file with `newsletter doctor`.",
    ]
    for section, kind in sections():
        lines += ["", *_comment(kind.__doc__ or ""), f"[{section}]"]
        for key in keys_of(kind):
            field = kind.model_fields[key]
            name = f"{section}.{key}"
            value = values.get(name, _default(field))
            hidden = "" if name in _ESSENTIAL or name in values else "# "
            lines += ["", *_comment(field.description or "")]
            lines.append(f"{hidden}{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def reference_markdown() -> str:
    """Return the table of every setting for docs/configuration.md."""
    lines = []
    for section, kind in sections():
        lines += [f"## `[{section}]`", "", kind.__doc__ or "", ""]
        lines += ["| Setting | Default | Meaning |", "|---|---|---|"]
        for key in keys_of(kind):
            field = kind.model_fields[key]
            default = _toml(_default(field)).replace("|", "\\|")
            meaning = (field.description or "").replace("|", "\\|")
            lines.append(f"| `{key}` | `{default}` | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def _default(field: FieldInfo) -> object:
    return field.get_default()


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(" ".join(text.split()), WIDTH - 2)]


def _toml(value: Any) -> str:  # noqa: ANN401 - whatever a setting may hold
    match value:
        case SecretStr():
            return json.dumps(value.get_secret_value())
        case StrEnum():
            return json.dumps(value.value)
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case str():
            # JSON's escapes are TOML's; characters beyond ASCII stay readable.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case dict():
            pairs = [f"{json.dumps(key)} = {_toml(v)}" for key, v in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case tuple() | list():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case _:
            return str(value)
