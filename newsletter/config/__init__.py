"""Frozen settings: the only reader of TOML and of the environment.

`settings` says which there are, `loading` reads them, `example` writes them down.
"""

from newsletter.config.choices import (
    Durability,
    EndPolicy,
    MailboxKind,
    Security,
    TransportKind,
    UncertainPolicy,
)
from newsletter.config.loading import CONFIG_VARIABLE, DEFAULT_PATH, Config, load
from newsletter.config.settings import Settings

__all__ = [
    "CONFIG_VARIABLE",
    "DEFAULT_PATH",
    "Config",
    "Durability",
    "EndPolicy",
    "MailboxKind",
    "Security",
    "Settings",
    "TransportKind",
    "UncertainPolicy",
    "load",
]
