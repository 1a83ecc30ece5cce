"""The real processes together: engine, Modbus, MQTT and HTTP on ports that the system chooses."""

import json
import os
import re
import signal
import socket
import struct
import urllib.request

import pytest

from bms_emulator.runtime.journal import replay
from bms_emulator.runtime.supervisor import ROLES
from tests.runtime.test_supervisor import Run

SUNSPEC_MARK = b"SunS"
COMPILING = 100.0
"""Patience where no kernel is in the cache [s]."""


@pytest.fixture
def run(site, tmp_path):
    running = Run(site, ROLES, journal=tmp_path / "journal.jsonl")
    yield running
    running.process.kill()
    running.process.join()
    running.reports.close()


def test_a_site_can_be_reached_by_all_its_protocols_and_stops_cleanly(run, tmp_path):
    modbus, mqtt, http = run.wait_for("ready", COMPILING)["addresses"]
    assert mqtt == "MQTT off"
    port = int(re.search(r":(\d+)", modbus)[1])
    unit = int(re.search(r"units? (\d+)", modbus)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(struct.pack(">HHHBBHH", 7, 0, 6, unit, 3, 40000, 2))
        answer = client.recv(64)
    assert answer[:2] == b"\0\7"
    assert answer.endswith(SUNSPEC_MARK)
    with urllib.request.urlopen(f"{http}/", timeout=5) as page:
        assert page.status == 200
    os.kill(run.process.pid, signal.SIGTERM)
    assert run.wait_for("exit") == {"code": 0}
    journal = tmp_path / "journal.jsonl"
    last = json.loads(journal.read_text().splitlines()[-1])
    assert replay(journal).tick_count == last["end"]
