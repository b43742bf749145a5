"""Procrastinate's statements on the connection of one of our own transactions.

What it writes is there exactly when our transaction commits: no shard of an issue that
was never opened, no issue without its shards. Nothing here waits for anything, so its
coroutines can be driven to their end from synchronous code.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import psycopg
from procrastinate import SyncPsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.manager import JobManager

from newsletter.db import Session

Result = TypeVar("Result")


class Borrowed(BaseConnector):
    """A connector that owns no connection and never commits."""

    def __init__(self, session: Session) -> None:
        raw = session.connection().connection.driver_connection
        self._connection = cast("psycopg.Connection[Any]", raw)
        # Never opened: it only knows how values and rows are written.
        self._speaker = SyncPsycopgConnector()

    def get_sync_connector(self) -> BaseConnector:
        """Return itself."""
        return self

    def execute_query(self, query: Any, **arguments: Any) -> None:  # noqa: ANN401
        """Run a statement, or several."""
        self._connection.execute(query, arguments)

    def execute_query_one(self, query: Any, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        """Run a statement and return its row."""
        return self._speaker.execute_query_one_with_connection(
            self._connection, query, **arguments
        )

    def execute_query_all(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """Run a statement and return its rows."""
        return self._speaker.execute_query_all_with_connection(
            self._connection, query, **arguments
        )

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:  # noqa: ANN401
        """Do the same; some of Procrastinate has only this form."""
        self.execute_query(query, **arguments)

    async def execute_query_all_async(
        self,
        query: Any,  # noqa: ANN401
        **arguments: Any,  # noqa: ANN401
    ) -> list[dict[str, Any]]:
        """Do the same; some of Procrastinate has only this form."""
        return self.execute_query_all(query, **arguments)


def manager_in(session: Session) -> JobManager:
    """Return what reads and writes the queue within the transaction of *session*."""
    return JobManager(Borrowed(session))


def at_once(step: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine that waits for nothing comes to."""
    return asyncio.run(step)
