"""What every table of the configuration is: frozen, and strict."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the configuration: frozen, and strict about unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        # Whoever prints pydantic's own error must not print a password with it.
        hide_input_in_errors=True,
    )
