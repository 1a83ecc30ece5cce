"""A small HTTP client for the running emulator, and what its commands share: options, failures, tables."""

import json
import os
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import typer

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = 10.0
"""Longest wait for an answer [s]."""

_UNWRAPPED = 1000
"""Width at which no table is wrapped [characters]."""

Url = Annotated[
    str, typer.Option("--url", envvar="BMS_EMULATOR_URL", help="Where the emulator answers.", show_default=True)
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="BMS_EMULATOR_TOKEN", help="Access token, if the emulator asks for one."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


class ClientError(Exception):
    """No emulator answered, or it refused. The message is for people."""


class Client:
    """Talks to one emulator; every answer is plain data.

    Args:
        url: Where it answers, ``http://host:port``.
        token: Access token.

    Raises:
        ClientError: The URL is none of HTTP; from every method: nothing answers there, or the request is refused.
    """

    def __init__(self, url: str = DEFAULT_URL, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ClientError(f"{url}: is no address of an emulator; write http://host:port")
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str, **query: str | None) -> Any:
        """Read."""
        return self._request("GET", path, None, query)

    def post(self, path: str, body: Any, **query: str | None) -> Any:
        """Add or ask for something."""
        return self._request("POST", path, body, query)

    def put(self, path: str, body: Any, **query: str | None) -> Any:
        """Set."""
        return self._request("PUT", path, body, query)

    def delete(self, path: str, **query: str | None) -> Any:
        """Remove."""
        return self._request("DELETE", path, None, query)

    def _request(self, method: str, path: str, body: Any, query: dict[str, str | None]) -> Any:
        import http.client
        import urllib.error
        import urllib.request

        asked = urlencode({key: text for key, text in query.items() if text is not None})
        url = f"{self._url}{quote(path)}" + (f"?{asked}" if asked else "")
        sent = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({} if sent is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(url, sent, headers, method=method)
        # An emulator stands on this machine or on the plant's network: a proxy for the web would not find it.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT) as answer:
                return _decode(answer.read(), self._url)
        except urllib.error.HTTPError as error:
            with error:
                raise ClientError(_refusal(error.code, error.reason, error.read())) from None
        except TimeoutError:
            raise ClientError(f"{self._url}: no answer within {TIMEOUT:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise ClientError(f"{self._url}: no answer within {TIMEOUT:g} s") from None
            said = os.strerror(reason.errno) if isinstance(reason, OSError) and reason.errno else str(reason)
            raise ClientError(
                f"no emulator answers at {self._url} ({said}); start one with 'bms-emulator run', or give --url"
            ) from None


def _decode(content: bytes, url: str) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise ClientError(f"{url}: what answers there is no emulator") from None


def _refusal(code: int, reason: str, content: bytes) -> str:
    """What the emulator said, taken out of the body of its answer."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not body.get("error"):
        return f"refused: {code} {reason}"
    near = [name for name in body.get("near", []) if name not in body["error"]]
    hint = "; give the token with --token or in BMS_EMULATOR_TOKEN" if code == HTTPStatus.UNAUTHORIZED else ""
    return body["error"] + (f"; near: {', '.join(near)}" if near else "") + hint


def fail(error: Exception | str) -> NoReturn:
    """End the program with a message and exit code 1."""
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(1)


def print_json(data: Any) -> None:
    """Print data for scripts."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows for people; texts are shown as they are, brackets included.

    The first column, of names, is never cut. What is not printed on a terminal is not wrapped either, so that a line
    found by grep is a whole row.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = _UNWRAPPED
    table = Table(box=box.SIMPLE_HEAD)
    for n, column in enumerate(columns):
        table.add_column(column, no_wrap=n == 0)
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        typer.echo(line.rstrip())
