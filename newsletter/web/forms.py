"""What a form brings: text fields by name, from either of the two ways to send one."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

Fields = Mapping[str, str]


async def read_fields(request: Request) -> Fields:
    """Return the text fields of a form; files and unknown kinds of content are none.

    The last one of a name counts. Only this must wait for the network, so that the
    addresses themselves need not: they run in threads.
    """
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Form = Annotated[Fields, Depends(read_fields)]
