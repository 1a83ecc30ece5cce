"""The HTTP application: REST interface, WebSockets and the live page. The only file that knows FastAPI."""

import asyncio
import contextlib
import difflib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import Body, FastAPI, Path, Query, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bms_emulator import __version__
from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.values import SELECTOR_LENGTH_MAX, dumps
from bms_emulator.interfaces.web import rest
from bms_emulator.interfaces.web.frames import CellFrames
from bms_emulator.interfaces.web.rest import EVENTS_MAX, RefusalError
from bms_emulator.interfaces.web.schema import FAULT_EXAMPLES, Applied, FastForward, NewValue, Point, Problem, Writes
from bms_emulator.interfaces.web.view import ContainerView

STREAMS_MAX = 32
"""Most WebSockets at a time."""
STREAM_PERIOD = 0.5
"""Time between two frames [s]."""

_STATIC = FilePath(__file__).parent / "static"
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/heatmap.js": ("heatmap.js", "text/javascript"),
    "/controls.js": ("controls.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Malformed"},
    401: {"model": Problem, "description": "A token is needed"},
    404: {"model": Problem, "description": "There is no such point or fault"},
    409: {"model": Problem, "description": "The emulator refused it"},
    422: {"model": Problem, "description": "A value is not allowed"},
}

Name = Annotated[
    str, Path(max_length=SELECTOR_LENGTH_MAX, description="Point name", examples=["container[1].rack[3].soc"])
]


class Json(Response):
    """An answer in JSON; NaN becomes null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return dumps(content).encode()


def create_app(link: Link) -> FastAPI:
    """The application without its guard.

    Args:
        link: The running emulator.
    """
    app = FastAPI(
        title="BMS emulator",
        version=__version__,
        description="Points, commands, faults and events of a running emulator. Values are SI, temperatures kelvin, "
        "current and power positive in discharge.",
        docs_url=None,
        redoc_url=None,
        default_response_class=Json,
        responses=_REFUSALS,
    )
    _handle_errors(app)
    _add_points(app, link)
    _add_faults(app, link)
    _add_streams(app, link)
    for path, (name, media_type) in _FILES.items():
        _add_file(app, path, (_STATIC / name).read_bytes(), media_type)
    return app


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(RefusalError)
    async def refused(request: Request, error: RefusalError) -> Response:
        return _problem(error.status, str(error), error.where, error.near)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        entries = error.errors()
        malformed = any(entry["type"] == "json_invalid" for entry in entries)
        status = HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.UNPROCESSABLE_ENTITY
        places = [".".join(str(part) for part in entry["loc"] if part not in _UNION) for entry in entries]
        message = "; ".join(f"{place}: {entry['msg']}" for place, entry in zip(places, entries, strict=True))
        return _problem(status, message, places[0], ())

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        return _problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, f"an error of the server: {type(error).__name__}", "server", ()
        )

    @app.exception_handler(HTTPException)
    async def failed(request: Request, error: HTTPException) -> Response:
        status, path = HTTPStatus(error.status_code), request.url.path
        near = difflib.get_close_matches(path, [str(getattr(route, "path", "")) for route in app.routes], 3, 0.6)
        message = f"{request.method} {path}: {status.phrase}; the interface is described at /openapi.json"
        return _problem(status, message, path, tuple(near) if status == HTTPStatus.NOT_FOUND else ())


_UNION = ("bool", "float", "str")
"""Places in a validation error that name an alternative of a value's type, not a part of the request."""


def _problem(status: HTTPStatus, message: str, where: str, near: tuple[str, ...]) -> Response:
    return Json({"error": message, "where": where, "near": list(near)}, status)


def _add_points(app: FastAPI, link: Link) -> None:
    @app.get("/api/status", tags=["emulator"], summary="Clock, punctuality, active faults")
    async def status() -> Response:
        return Json(link.status())

    @app.post(
        "/api/fast-forward",
        tags=["emulator"],
        summary="Age the cells by days that are not simulated",
        response_model=Applied,
    )
    async def fast_forward(request: Request, body: FastForward) -> Response:
        return Json(await rest.fast_forward(link, _origin(request), body.days))

    @app.get("/api/site", tags=["emulator"], summary="Names and counts of the site")
    async def site() -> Response:
        return Json(rest.site(link))

    @app.get("/api/events", tags=["emulator"], summary="Events after a sequence number, oldest first")
    async def events(
        after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=EVENTS_MAX)] = 200
    ) -> Response:
        return Json(rest.events(link, after, limit))

    @app.get("/api/points", tags=["points"], summary="All families of points, or the values that a selector picks")
    async def points(
        select: Annotated[str | None, Query(examples=["rack[*].cell[1..4].voltage", "container[1].*"])] = None,
    ) -> Response:
        return Json(rest.families(link) if select is None else rest.selected(link, select))

    reports = rest.Reports(link)

    @app.get(
        "/api/state/{path:path}", tags=["points"], summary="What a component says of itself, with units in its keys"
    )
    async def report(path: Annotated[str, Path(max_length=64, examples=["container/1/rack/3", "meter"])]) -> Response:
        return Json(reports.report(path))

    @app.get("/api/points/{name}", tags=["points"], summary="One point", response_model=Point)
    async def point(name: Name) -> Response:
        return Json(rest.point(link, name))

    @app.put("/api/points/{name}", tags=["points"], summary="Write one point", response_model=Applied)
    async def write_point(request: Request, name: Name, body: NewValue) -> Response:
        return Json(await rest.write_point(link, _origin(request), name, body.value))

    @app.post("/api/commands", tags=["points"], summary="Write points in one tick", response_model=Applied)
    async def write(request: Request, body: Writes) -> Response:
        return Json(await rest.write(link, _origin(request), body.set))


def _add_faults(app: FastAPI, link: Link) -> None:
    @app.get("/api/faults", tags=["faults"], summary="Active and pending faults")
    async def faults() -> Response:
        return Json({"faults": link.status()["faults"]})

    @app.get("/api/faults/kinds", tags=["faults"], summary="What can be injected, at a target where one is given")
    async def kinds(target: Annotated[str | None, Query(examples=["container[1].pump"])] = None) -> Response:
        return Json(rest.fault_kinds(target))

    @app.post("/api/faults", tags=["faults"], summary="Add faults, all or none", response_model=Applied)
    async def add(
        request: Request,
        body: Annotated[dict[str, Any] | list[dict[str, Any]], Body(openapi_examples=FAULT_EXAMPLES)],
        dry_run: Annotated[bool, Query(description="Only say what it would hit")] = False,
    ) -> Response:
        return Json(await rest.add_fault(link, _origin(request), body, dry_run))

    @app.post(
        "/api/faults/{name}/renew", tags=["faults"], summary="Begin the lease of a fault anew", response_model=Applied
    )
    async def renew(request: Request, name: str) -> Response:
        asked = Command("fault_renew", _origin(request), {"names": [name]})
        return Json(await rest.command(link, asked, HTTPStatus.NOT_FOUND))

    @app.delete("/api/faults/{name}", tags=["faults"], summary="Clear one fault", response_model=Applied)
    async def clear_one(request: Request, name: str) -> Response:
        asked = Command("fault_clear", _origin(request), rest.clearing(name, None, False))
        return Json(await rest.command(link, asked, HTTPStatus.NOT_FOUND))

    @app.delete("/api/faults", tags=["faults"], summary="Clear faults by pattern, or all", response_model=Applied)
    async def clear(
        request: Request,
        match: Annotated[str | None, Query(examples=["rack[3]*"])] = None,
        everything: Annotated[bool, Query(alias="all")] = False,
    ) -> Response:
        asked = Command("fault_clear", _origin(request), rest.clearing(None, match, everything))
        return Json(await rest.command(link, asked, HTTPStatus.CONFLICT))


def _add_streams(app: FastAPI, link: Link) -> None:
    cells, view = CellFrames(link), ContainerView(link)
    open_streams: set[WebSocket] = set()

    async def stream(socket: WebSocket, container: int, frame: Callable[[], str | bytes]) -> None:
        await socket.accept()
        count = link.catalogue.site.container_count
        if not 1 <= container <= count:
            await socket.close(1008, f"container = {container}: must be from 1 to {count}")
            return
        if len(open_streams) >= STREAMS_MAX:
            await socket.close(1013, f"{STREAMS_MAX} streams are open")
            return
        open_streams.add(socket)
        try:
            await _send_frames(socket, frame)
        finally:
            open_streams.discard(socket)

    @app.websocket("/ws/cells")
    async def cell_stream(socket: WebSocket, container: int = 1) -> None:
        await stream(socket, container, lambda: cells.frame(container))

    @app.websocket("/ws/state")
    async def state_stream(socket: WebSocket, container: int = 1) -> None:
        seen = 0

        def frame() -> str:
            nonlocal seen
            events = view.events(seen)
            seen = events["events"][-1]["sequence"] if events["events"] else seen
            return dumps(view.figures(container) | events)

        await stream(socket, container, frame)


async def _send_frames(socket: WebSocket, frame: Callable[[], str | bytes]) -> None:
    """Send a frame at every period until the client goes; to a slow one the next is made when it has taken the last."""
    gone = asyncio.ensure_future(_wait_gone(socket))
    clock = asyncio.get_running_loop().time
    due = clock()
    try:
        with contextlib.suppress(WebSocketDisconnect):
            while not gone.done():
                made = frame()
                await (socket.send_text(made) if isinstance(made, str) else socket.send_bytes(made))
                due = max(due + STREAM_PERIOD, clock())
                await asyncio.wait((gone,), timeout=due - clock())
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


async def _wait_gone(socket: WebSocket) -> None:
    """Wait until the client closes; what it says is of no interest."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _add_file(app: FastAPI, path: str, content: bytes, media_type: str) -> None:
    @app.get(path, include_in_schema=False)
    async def file() -> Response:
        return Response(content, media_type=media_type)


def _origin(request: Request) -> str:
    """Who asks, for the journal."""
    client = request.client
    return f"http:{client.host}:{client.port}" if client else "http"
