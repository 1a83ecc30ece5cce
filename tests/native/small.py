"""A small firmware in C whose step can be changed, and what runs it for a test."""

from pathlib import Path

from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.trace_options import TraceOptions
from bms_emulator.firmware.native.traced_worker import RackTrace, TracedWorker

COUNTS = Counts(cells=12, temperatures=4, packs=2)
TICK = 100_000_000
"""[ns]"""

SOURCE = r"""
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bms_firmware.h"

/* Counts charge, remembers the highest voltage over a power cycle, logs every tenth step. */
static struct { uint64_t steps; double charge; } now;
static double highest;

BMS_EXPORT uint32_t bms_abi_version(void) { return BMS_ABI_VERSION; }

BMS_EXPORT int32_t bms_describe(char *buf, int32_t len) {
    return snprintf(buf, (size_t)len, "{\"name\": \"small\", \"version\": \"1.0\", \"period_ms\": 100,"
                    "\"alarms\": {\"7\": \"cell_overvoltage\"}}");
}

BMS_EXPORT bms_handle bms_create(const char *config, const void *blob, size_t blob_len) {
    (void)config;
    if (blob_len == sizeof highest) memcpy(&highest, blob, sizeof highest);
    return &now;
}

BMS_EXPORT int32_t bms_reset(bms_handle h, uint32_t kind) { (void)kind; memset(h, 0, sizeof now); return 0; }

BMS_EXPORT int32_t bms_step(bms_handle h, uint64_t t_ns, uint64_t dt_ns, const bms_inputs *in, bms_outputs *out) {
    (void)h; (void)t_ns;
    now.steps++;
    now.charge += in->current.value * (double)dt_ns * 1e-9;
    for (uint32_t i = 0; i < in->cell_count; i++) {
        if (in->cell_voltages[i].value > highest) highest = in->cell_voltages[i].value;
        out->balancing[i] = in->cell_voltages[i].value > 3.4;
        if (in->cell_voltages[i].value > 3.6 && !out->alarm_count) {
            out->alarms[0] = (bms_alarm){7, 2, i, 0};
            out->alarm_count = 1;
        }
    }
    out->struct_size = sizeof *out;
    out->state = BMS_STATE_CONNECTED;
    out->contactor_command = BMS_CONTACTOR_NEGATIVE | BMS_CONTACTOR_POSITIVE;
    out->heartbeat = (uint32_t)now.steps;
    out->chiller_request = BMS_CHILLER_NO_REQUEST;
    out->soc = 0.5 - now.charge / 1e6;
    out->soh = 1.0;
    out->charge_current_limit = out->charge_current_limit_60s = highest;
    if (now.steps % 10 == 0) out->log_length = (uint32_t)snprintf(out->log, out->log_capacity, "step %u\n",
                                                                  (unsigned)now.steps);
#ifdef CHANGE
    CHANGE
#endif
    return 0;
}

BMS_EXPORT int64_t bms_persistent(bms_handle h, void *buf, size_t len) {
    (void)h;
    if (len >= sizeof highest) memcpy(buf, &highest, sizeof highest);
    return sizeof highest;
}

BMS_EXPORT void bms_destroy(bms_handle h) { (void)h; }

#ifdef SNAPSHOTS
BMS_EXPORT int64_t bms_snapshot_save(bms_handle h, void *buf, size_t len) {
    if (len < sizeof now + sizeof highest) return sizeof now + sizeof highest;
    memcpy(buf, h, sizeof now);
    memcpy((char *)buf + sizeof now, &highest, sizeof highest);
    return sizeof now + sizeof highest;
}

BMS_EXPORT int32_t bms_snapshot_load(bms_handle h, const void *buf, size_t len) {
    if (len != sizeof now + sizeof highest) return 1;
    memcpy(h, buf, sizeof now);
    memcpy(&highest, (const char *)buf + sizeof now, sizeof highest);
    return 0;
}
#endif
"""


def changed(statement: str) -> str:
    """Option of the compiler that adds a statement to the end of a step."""
    return f"-DCHANGE={statement}"


def fill(inputs, step: int) -> None:
    """Inputs of a step: all valid, none the same in two steps."""
    for name in inputs.dtype.names:
        field = inputs[name]
        if field.dtype.names == ("value", "age_ms", "valid"):
            field["value"] = 3.3 + 0.001 * step
            field["valid"] = 1
    inputs["current"]["value"] = 100.0 + step
    inputs["contactor_feedback"] = 5


class Bench:
    """Runs a firmware and records it, as a rack of a site does.

    Args:
        library: Path of the library.
        folder: For traces.
        options: Of :class:`TraceOptions`.
    """

    def __init__(self, library: Path, folder: Path, **options) -> None:
        self.trace = RackTrace("demo", "container[1].rack[1]", TICK, TraceOptions(folder, **options))
        self.step = 0
        self.library = library
        self.start(None)

    def start(self, blob: bytes | None, kind: Reset = Reset.POWER_ON) -> None:
        """Make a new instance."""
        self.worker = TracedWorker(self.trace, str(self.library), {"key": 1}, COUNTS, blob=blob)
        self.worker.finish()
        self.worker.reset(kind)

    def run(self, steps: int) -> FirmwareError | None:
        """Run so many steps, or until one fails."""
        for _ in range(steps):
            fill(self.worker.inputs, self.step)
            self.step += 1
            self.worker.begin(self.step * TICK, TICK)
            try:
                self.worker.finish()
            except FirmwareError as error:
                return error
        return None

    def close(self) -> None:
        """End it; traces are written then."""
        self.worker.close()
        self.trace.close()
