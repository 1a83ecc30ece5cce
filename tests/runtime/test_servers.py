import asyncio

import pytest

from bms_emulator.runtime import servers
from bms_emulator.runtime.servers import _Services


class Report:
    def __init__(self) -> None:
        self.told = []

    def send(self, what) -> None:
        self.told.append(what)


class Header:
    stopping = False


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(servers, "PAUSE_FIRST", 0.001)
    monkeypatch.setattr(servers, "PAUSE_LONGEST", 0.002)
    monkeypatch.setattr(servers, "_POLL", 0.001)


async def steady(link, ready):
    ready("steady 127.0.0.1:1")
    await asyncio.Event().wait()


async def run_until(services: _Services, header: Header, condition) -> None:
    task = asyncio.ensure_future(services.run())
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition wakes nobody
            await asyncio.sleep(0.001)
    header.stopping = True
    async with asyncio.timeout(5):
        await task


@pytest.mark.parametrize("problem", [OSError("gone"), SystemExit(1), ExceptionGroup("tasks", [ValueError("x")])])
async def test_a_service_that_fails_is_started_again_and_the_other_does_not_notice(problem):
    starts, steady_starts = [], []

    async def failing(link, ready):
        starts.append(1)
        ready("failing 127.0.0.1:2")
        if len(starts) < 4:
            raise problem
        await asyncio.Event().wait()

    async def counted(link, ready):
        steady_starts.append(1)
        await steady(link, ready)

    report, header = Report(), Header()
    services = _Services({"failing": failing, "steady": counted}, None, header, report)
    await run_until(services, header, lambda: len(starts) == 4)
    assert steady_starts == [1]
    warnings = [data["message"] for kind, data in report.told if kind == "warning"]
    assert len(warnings) == 3
    assert type(problem).__name__ in warnings[0]
    assert ("ready", {"addresses": ["failing 127.0.0.1:2", "steady 127.0.0.1:1"]}) in report.told


async def test_a_service_that_cannot_start_does_not_keep_the_others_waiting():
    async def hopeless(link, ready):
        raise ValueError("mqtt.host: not here")

    report, header = Report(), Header()
    services = _Services({"hopeless": hopeless, "steady": steady}, None, header, report)
    await run_until(services, header, lambda: any(kind == "ready" for kind, _ in report.told))
    assert ("ready", {"addresses": ["hopeless (not yet)", "steady 127.0.0.1:1"]}) in report.told


async def test_a_stop_lets_services_clean_up():
    cleaned = []

    async def tidy(link, ready):
        ready("tidy")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(1)

    report, header = Report(), Header()
    await run_until(_Services({"tidy": tidy}, None, header, report), header, lambda: report.told)
    assert cleaned == [1]
