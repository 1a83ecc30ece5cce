"""Twelve racks with a user's firmware in C beside twelve with the reference firmware, at a 10 ms tick."""

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.bench_loop import STEP_MS, _running, _write
from bms_emulator.firmware import native
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.worker import Worker
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime import engine
from bms_emulator.runtime.emulator import Emulator

SECONDS = 20
TICKS = 1000
ROUND_TRIPS = 3000
SOURCE = r"""
#include <stdio.h>
#include "bms_firmware.h"

static uint32_t heartbeat;

uint32_t bms_abi_version(void) { return BMS_ABI_VERSION; }
int32_t bms_describe(char *buf, int32_t len) {
    return snprintf(buf, (size_t)len, "{\"name\": \"benchmark\", \"version\": \"1\", \"period_ms\": 10}");
}
bms_handle bms_create(const char *config, const void *blob, size_t blob_len) {
    (void)config, (void)blob, (void)blob_len;
    return &heartbeat;
}
int32_t bms_reset(bms_handle h, uint32_t kind) { (void)h, (void)kind; return 0; }
int32_t bms_step(bms_handle h, uint64_t t_ns, uint64_t dt_ns, const bms_inputs *in, bms_outputs *out) {
    double sum = 0.0, high = 0.0;
    (void)h, (void)t_ns, (void)dt_ns;
    for (uint32_t k = 0; k < in->cell_count; k++) {
        const bms_measurement *cell = &in->cell_voltages[k];
        if (!cell->valid || cell->age_ms > 250) continue;
        sum += cell->value;
        if (cell->value > high) high = cell->value;
    }
    for (uint32_t k = 0; k < in->cell_count; k++) out->balancing[k] = in->cell_voltages[k].value > high - 1e-4;
    out->struct_size = sizeof *out;
    out->heartbeat = ++heartbeat;
    out->state = BMS_STATE_STANDBY;
    out->chiller_request = BMS_CHILLER_NO_REQUEST;
    out->soc = 0.5;
    out->soh = 1.0;
    out->soe_discharge = sum;
    return 0;
}
int64_t bms_persistent(bms_handle h, void *buf, size_t len) { (void)h, (void)buf, (void)len; return 0; }
void bms_destroy(bms_handle h) { (void)h; }
"""


def rows() -> list[tuple[str, str]]:
    compiler = shutil.which("cc")
    if compiler is None:
        return [("user firmware in the loop", "needs a C compiler")]
    with tempfile.TemporaryDirectory() as folder:
        library = _build(compiler, Path(folder))
        return [*_round_trip(library), *_work(library), *_real_time(library)]


def _build(compiler: str, folder: Path) -> Path:
    source, library = folder / "benchmark.c", folder / "libbenchmark.so"
    source.write_text(SOURCE)
    include = f"-I{Path(native.__file__).parent}"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", include, "-o", str(library), str(source)], check=True)
    return library


def _site(library: Path | None) -> SiteProfile:
    """Two containers; the racks of the first run the library, where there is one."""
    rows = [] if library is None else [{"racks": "container[1].rack[*]", "library": str(library)}]
    settings = {"step_ms": STEP_MS, "container_count": 2, "modbus.devices.0.port": 0, "modbus.devices.1.port": 0}
    return load_site("demo", settings | {"user_firmware": rows})


def _round_trip(library: Path) -> list[tuple[str, str]]:
    times = []
    with Worker(str(library), {}, Counts(416, 208, 8)) as worker:
        for step in range(ROUND_TRIPS):
            started = time.perf_counter()
            worker.begin((step + 1) * 10_000_000, 10_000_000)
            worker.finish()
            times.append(time.perf_counter() - started)
    return [("round trip to one worker, 416 cells", _spread(times))]


def _work(library: Path) -> list[tuple[str, str]]:
    """Work of a tick in lockstep, with and without users' firmware."""
    result = []
    for what, used in (("12 native and 12 reference racks", library), ("24 reference racks", None)):
        emulator = Emulator(_site(used))
        times = []
        for _ in range(TICKS):
            started = time.perf_counter()
            emulator.tick()
            times.append(time.perf_counter() - started)
        emulator.close()
        result.append((f"tick of {what}", _spread(times[TICKS // 10 :])))
    return result


def _real_time(library: Path) -> list[tuple[str, str]]:
    with _running(_site(library), engine.main) as link:
        _write(link, "emulator.speed", 1.0)
        time.sleep(SECONDS)
        status = link.status()
        _write(link, "emulator.speed", 0.0)
    firmware: list[dict[str, Any]] = status["firmware"]
    steps = [rack["steps"] for rack in firmware]
    answer = statistics.median(rack["step_time"]["p50"] for rack in firmware)
    longest = max(rack["step_time"]["max"] for rack in firmware)
    compute = status["compute"]
    return [
        (f"{len(firmware)} native racks at real time, {STEP_MS} ms tick: ticks run", f"{status['ticks_run']}"),
        ("  ticks skipped / overruns", f"{status['ticks_skipped']} / {status['overruns']}"),
        ("  steps of a worker / late answers", f"{min(steps)} to {max(steps)} / {sum(r['lates'] for r in firmware)}"),
        ("  work of a tick", f"median {compute['p50'] * 1e6:.0f} µs, 99 % {compute['p99'] * 1e6:.0f} µs"),
        ("  step to answer, as a tick sees it", f"median {answer * 1e6:.0f} µs, max {longest * 1e6:.0f} µs"),
    ]


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"median {statistics.median(ordered) * 1e6:.0f} µs, 99 % {ordered[int(0.99 * len(ordered))] * 1e6:.0f} µs"
