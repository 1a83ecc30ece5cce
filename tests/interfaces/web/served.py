"""The web interface under test: in memory for requests, on a port of its own for streams and browsers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.web import serve
from bms_emulator.interfaces.web.app import create_app
from bms_emulator.interfaces.web.guard import Guard
from bms_emulator.profile.site import Http


def client(link: Link, host: str = "127.0.0.1", token: str | None = None) -> httpx.AsyncClient:
    """A client of the guarded application, without a network between."""
    transport = httpx.ASGITransport(Guard(create_app(link), host, token))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")


@asynccontextmanager
async def served(link: Link, host: str = "127.0.0.1", token: str | None = None) -> AsyncIterator[str]:
    """Serve on a free port and yield the address."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(link, Http(host=host, port=0), token, told.set_result))
    await asyncio.wait((task, told), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield told.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
