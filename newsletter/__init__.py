"""One newsletter: a library of tips, a clock, an email and a ledger."""

__version__ = "0.1.0"
