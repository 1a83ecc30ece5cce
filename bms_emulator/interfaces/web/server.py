"""HTTP for as long as the service lives."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.web.app import create_app
from bms_emulator.interfaces.web.guard import Guard
from bms_emulator.profile.site import Http

CONNECTIONS_MAX = 128
HEADERS_MAX = 16_384
"""Longest request line and headers [byte]."""
MESSAGE_MAX = 1024
"""Longest message that a WebSocket client may send [byte]."""


async def serve(link: Link, options: Http, token: str | None, ready: Callable[[str], None]) -> None:
    """Serve the REST interface and the live page until cancelled.

    Args:
        link: The running emulator.
        options: Where to listen.
        token: What a request that changes something must show; None on loopback only.
        ready: Called once with the address.

    Raises:
        OSError: The address is not ours or the port is taken.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.create_server((options.host, options.port), family=family, backlog=128) as listener:
        host = f"[{options.host}]" if ":" in options.host else options.host
        server = _Server(
            uvicorn.Config(
                Guard(create_app(link), options.host, token),
                http="h11",
                ws="websockets-sansio",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS_MAX,
                h11_max_incomplete_event_size=HEADERS_MAX,
                ws_max_size=MESSAGE_MAX,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=1,
            ),
            lambda: ready(f"http://{host}:{listener.getsockname()[1]}"),
        )
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """A server that leaves signals to the process and says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()
