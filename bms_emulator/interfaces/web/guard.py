"""Who may ask what: the checks that stand before every request.

The interface has no users. What it must hold off is a web page from elsewhere that a browser on this machine has open:
by DNS rebinding (the ``Host`` header shows it), or by requests across origins (``Origin``, ``Sec-Fetch-Site`` and the
content type show them). From other machines nothing is changed without the token.
"""

import hmac
import ipaddress
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Problem = tuple[HTTPStatus, str]

BODY_MAX = 65_536
"""Longest request body [byte]."""

_READING = {"GET", "HEAD", "OPTIONS"}
_NAMES = {"localhost", "127.0.0.1", "::1"}
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


class Guard:
    """Checks requests and WebSockets before the application sees them, and adds security headers to every answer.

    Args:
        app: The application.
        host: Address that the server listens on.
        token: What a request that changes something must show; None where nothing is asked for, which is allowed on
            loopback only: a server that other machines reach changes nothing without a token.
    """

    def __init__(self, app: App, host: str, token: str | None) -> None:
        self._app = app
        self._token = token
        self._loopback = is_loopback(host)
        self._names = _NAMES | {host.lower()}
        if not self._loopback:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection as ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self.problem(scope["type"], scope.get("method", "GET"), headers)
        if scope["type"] == "websocket":
            if problem is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": problem[1][:120]})
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        if problem is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await _refuse(problem, send_with_headers)

    def problem(self, kind: str, method: str, headers: dict[str, str]) -> Problem | None:
        """Why a request is refused; None where it is not.

        Args:
            kind: ``http`` or ``websocket``.
            method: HTTP method.
            headers: By lower-case name.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            return HTTPStatus.MISDIRECTED_REQUEST, f"Host {host!r} is not this server; use its address or localhost"
        if kind == "http" and method in _READING:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return HTTPStatus.FORBIDDEN, f"Origin {origin!r} is not this server"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return HTTPStatus.FORBIDDEN, "the request comes from another site"
        return None if kind == "websocket" else self._body_problem(method, headers) or self._token_problem(headers)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        # No DNS name leads to a numeric host, so there is nothing to rebind.
        return not self._loopback and _is_address(name)

    def _body_problem(self, method: str, headers: dict[str, str]) -> Problem | None:
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return HTTPStatus.LENGTH_REQUIRED, "a request needs its Content-Length"
        if len(length) > 9 or int(length) > BODY_MAX:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request body has at most {BODY_MAX} bytes"
        content = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method != "DELETE" and content != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json"
        return None

    def _token_problem(self, headers: dict[str, str]) -> Problem | None:
        if self._token is None:
            if self._loopback:
                return None
            return HTTPStatus.FORBIDDEN, "this server has no token and is open to other machines: it changes nothing"
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), self._token.encode()):
            return None
        return HTTPStatus.UNAUTHORIZED, "a change needs the header Authorization: Bearer <token>"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(problem: Problem, send: Send) -> None:
    status, message = problem
    body = json.dumps({"error": message, "where": "request", "near": []}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
