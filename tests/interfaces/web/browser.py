"""A real browser, driven over its debugging protocol in real time: virtual time does not wait for WebSockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
)
PATIENCE = 60.0
"""Longest wait for anything that is to come [s]."""
POLL = 0.1


class Page:
    """An open page."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.session = ""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        await self._socket.send(json.dumps(asked | ({"sessionId": self.session} if self.session else {})))
        while True:
            said = json.loads(await self._socket.recv())
            if said.get("id") == self._number:
                return dict(said.get("result", {}))

    async def dom_when(self, holds: Callable[[str], object]) -> str:
        """The document as text, once it is as wanted."""
        while True:
            found = await self.call("Runtime.evaluate", expression="document.documentElement.outerHTML")
            dom = str(found.get("result", {}).get("value", ""))  # nothing while the page is being exchanged
            if holds(dom):
                return dom
            await asyncio.sleep(POLL)


@asynccontextmanager
async def opened(program: str, url: str, folder: Path) -> AsyncIterator[Page]:
    """The page at a URL in a browser of its own, whose profile is in a folder."""
    process = await asyncio.create_subprocess_exec(
        program,
        *FLAGS,
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            address = folder / "DevToolsActivePort"
            while not (address.exists() and len(lines := address.read_text().split()) == 2):  # noqa: ASYNC110 - a file wakes nobody
                await asyncio.sleep(POLL)
            async with connect(f"ws://127.0.0.1:{lines[0]}{lines[1]}", max_size=None, proxy=None) as socket:
                page = Page(socket)
                target = (await page.call("Target.createTarget", url=url))["targetId"]
                page.session = (await page.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
                yield page
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
