"""The HTTP client: errors that say what to do."""

import socket
import threading

import pytest

from bms_emulator.cli.client import Client, ClientError
from tests.cli.fault_server import TOKEN, serve


def test_nobody_there():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ClientError, match=rf"no emulator answers at {url} .*bms-emulator run"):
            Client(url).get("/api/faults")


@pytest.mark.parametrize("url", ["ftp://host", "file:///etc/hostname", "127.0.0.1:8080", "http://"])
def test_only_http_addresses(url):
    with pytest.raises(ClientError, match="no address of an emulator"):
        Client(url)


def test_a_missing_token_is_told():
    with serve() as server:
        with pytest.raises(ClientError, match=r"a change needs .*; give the token with --token"):
            Client(server.url).delete("/api/faults", all="true")
        assert Client(server.url, TOKEN).delete("/api/faults", all="true")["result"] == []


def test_a_path_and_a_query_travel_unharmed():
    with serve() as server:
        client = Client(server.url + "/", TOKEN)
        client.post("/api/faults", {"kind": "open", "target": "rack[3].current", "name": "a"})
        assert client.delete("/api/faults", match="rack[3]*", all=None)["result"] == ["a"]


def test_what_is_no_emulator_is_told():
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def speak() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(ClientError, match="what answers there is no emulator"):
            Client(url).get("/api/faults")
        thread.join()
