"""Serve an application in a thread, until told to stop."""

import logging
import socket
from threading import Thread
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from newsletter.config import Settings
from newsletter.errors import CannotListen

# How long answers that were begun may take when the program ends.
LAST_ANSWERS_SECONDS = 10
# Slow readers may not keep a connection for ever.
IDLE_SECONDS = 15
WAITING_CONNECTIONS = 512


class Server:
    """The site, listening; a context that ends when its block does.

    Raises:
        CannotListen: the port is taken, or the address is not this machine's.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        web = settings.web
        self._socket = _listening(web.host, web.port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=list(web.forwarded_allow_ips),
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(
            target=self._server.run, args=([self._socket],), name="site", daemon=True
        )

    def __enter__(self) -> "Server":
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise CannotListen(host=host, port=port, reason=str(error.strerror)) from error
    listening.listen(WAITING_CONNECTIONS)
    return listening
