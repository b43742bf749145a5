"""The table of the ledger, and what its statuses mean together."""

from sqlmodel import SQLModel

from newsletter.tables import Delivery, DeliveryStatus

WAITING = (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED)
UNFINISHED = (*WAITING, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
# RFC 1047: after this many unknown outcomes a copy is not sent again.
MOST_DOUBTS = 1

TABLE = SQLModel.metadata.tables[str(Delivery.__tablename__)]
ROWS = TABLE.c
