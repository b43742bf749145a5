"""Which column of a list is what: guessed from its header, or told.

The spellings are those of the exports of Mailchimp, Ghost, Buttondown, Substack,
listmonk and phpList, of our own, and of lists kept by hand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from subscribers.csv_records import BadRecord, Record
from subscribers.errors import UnreadableList

# The two columns that stand before everything else in a file of refused lines.
REFUSED_HEADER = ("refused_line", "refused_because")


class Column(StrEnum):
    """What a column can tell about a person."""

    ADDRESS = "address"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    TIMEZONE = "timezone"
    LANGUAGE = "language"
    SIGNED_UP_AT = "signed_up_at"
    SOURCE = "source"
    STATUS = "status"
    STATUS_AT = "status_at"
    # Yes, or no: they left.
    SUBSCRIBED = "subscribed"
    # Yes, or no: they never confirmed that they want the mail.
    CONFIRMED = "confirmed"
    # Yes: they left; or no.
    LEFT = "left"
    # The date on which they left or bounced, empty for those who stayed.
    LEFT_AT = "left_at"
    BOUNCED_AT = "bounced_at"


# The first spelling that a header has is taken; compared without case, spaces or signs.
SPELLINGS: Mapping[Column, Sequence[str]] = {
    Column.ADDRESS: (
        "emailaddress", "email", "mail", "mailaddress", "subscriberemail",
        "subscriber", "useremail", "primaryemail", "contactemail", "address",
        "emailadresse", "adressemail", "correo", "correoelectronico",
    ),
    Column.NAME: (
        "fullname", "name", "displayname", "subscribername", "contactname", "nom",
        "nombre",
    ),
    Column.FIRST_NAME: (
        "firstname", "fname", "givenname", "first", "forename", "vorname", "prenom",
    ),
    Column.LAST_NAME: (
        "lastname", "lname", "surname", "familyname", "last", "nachname",
    ),
    Column.TIMEZONE: ("timezone", "tz", "timezonename", "zeitzone"),
    Column.LANGUAGE: ("language", "lang", "locale", "preferredlanguage", "sprache"),
    Column.SIGNED_UP_AT: (
        "signedupat", "signupdate", "signedup", "confirmtime", "optintime",
        "subscribedat", "subscribedon", "subscriptiondate", "datesubscribed",
        "subscribedate", "joinedat", "datejoined", "startdate", "createdat",
        "creationdate", "created", "dateadded", "registered", "entered",
    ),
    Column.SOURCE: ("source", "signupsource", "subscriptionsource"),
    Column.STATUS: (
        "status", "subscriberstatus", "subscriptionstatus", "emailstatus",
        "memberstatus", "subscribertype", "type",
    ),
    Column.STATUS_AT: ("statusat",),
    Column.SUBSCRIBED: ("subscribed", "subscribedtoemails", "issubscribed"),
    Column.CONFIRMED: ("confirmed", "isconfirmed"),
    Column.LEFT: (
        "unsubscribed", "emaildisabled", "optedout", "optout", "blacklisted",
        "blocklisted", "isunsubscribed",
    ),
    Column.LEFT_AT: (
        "unsubtime", "unsubscribedat", "unsubscribedon", "unsubscriptiondate",
        "unsubscribedate", "optoutdate", "leftat", "deletedat",
    ),
    Column.BOUNCED_AT: ("cleantime", "bouncedat"),
}  # fmt: skip

_STATUS_COLUMNS = {
    Column.STATUS,
    Column.STATUS_AT,
    Column.SUBSCRIBED,
    Column.CONFIRMED,
    Column.LEFT,
    Column.LEFT_AT,
    Column.BOUNCED_AT,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column is found.

    Attributes:
        header: the names of the columns, as the file has them or as we call them.
        places: the index of each known column.
        is_named: whether the first record is the header, and so nobody's.
        tells_status: whether a column speaks of who may be mailed.
        skip: how many cells in front are ours, in a file of refused lines.
    """

    header: tuple[str, ...]
    places: Mapping[Column, int]
    is_named: bool = True
    tells_status: bool = False
    skip: int = 0

    def cell(self, cells: Sequence[str], column: Column) -> str:
        """Return the text of *column*, without white space around it; or nothing."""
        place = self.places.get(column)
        return "" if place is None else cells[place].strip()


def find_columns(
    first: Record | BadRecord | None, *, told: Mapping[Column, str], path: str
) -> Layout:
    """Return the layout of a list whose first record is *first*.

    Args:
        first: the first record of the file, if there is one.
        told: the header's name of a column, where it must not be guessed; an empty
            name means that no column of the file is that.
        path: what errors call the file.

    Raises:
        UnreadableList: no column holds addresses, or one that was told is missing.
    """
    if first is None:
        raise UnreadableList(
            path=path, line=1, reason="the file is empty", remedy=_SHOW_A_HEADER
        )
    if isinstance(first, BadRecord):
        raise UnreadableList(
            path=path,
            line=first.line,
            reason=f"the header cannot be read: {first.reason}",
            remedy=_SHOW_A_HEADER,
        )
    header = tuple(cell.strip() for cell in first.cells)
    if len(header) == 1 and "@" in header[0] and not any(told.values()):
        return Layout(("email",), {Column.ADDRESS: 0}, is_named=False)
    places = _guess(header) | _told_places(header, told, path=path, line=first.line)
    for column, name in told.items():
        if not name:
            places.pop(column, None)
    if Column.ADDRESS not in places:
        raise _no_addresses(header, path=path, line=first.line)
    ours = len(REFUSED_HEADER) if header[:2] == REFUSED_HEADER else 0
    tells = not _STATUS_COLUMNS.isdisjoint(places)
    return Layout(header, places, tells_status=tells, skip=ours)


_SHOW_A_HEADER = "Begin it with a line such as: email,name"


def _guess(header: Sequence[str]) -> dict[Column, int]:
    plain = [re.sub(r"[\W_]+", "", name).casefold() for name in header]
    places = {}
    for column, spellings in SPELLINGS.items():
        found = next((name for name in spellings if name in plain), None)
        if found is not None:
            places[column] = plain.index(found)
    return places


def _told_places(
    header: Sequence[str], told: Mapping[Column, str], *, path: str, line: int
) -> dict[Column, int]:
    folded = [name.casefold() for name in header]
    places = {}
    for column, name in told.items():
        if name and name.strip().casefold() not in folded:
            raise UnreadableList(
                path=path,
                line=line,
                reason=f"there is no column {name!r} to take the {column} from",
                remedy=f"The columns are: {_shown(header)}.",
            )
        if name:
            places[column] = folded.index(name.strip().casefold())
    return places


def _no_addresses(header: Sequence[str], *, path: str, line: int) -> UnreadableList:
    if any("@" in cell for cell in header):
        return UnreadableList(
            path=path,
            line=line,
            reason="this is a person, where the names of the columns should be",
            remedy=f"{_SHOW_A_HEADER}. Several addresses go on a line each.",
        )
    return UnreadableList(
        path=path,
        line=line,
        reason=f"no column is known to hold addresses; there are: {_shown(header)}",
        remedy="Call one of them email, or name it with --column address=NAME.",
    )


def _shown(header: Sequence[str]) -> str:
    names = ", ".join(repr(name[:40]) for name in header[:20])
    return f"{names} …" if len(header) > 20 else names
