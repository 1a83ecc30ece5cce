/* bms.c: the functions that the emulator calls. On a controller, main() and the scheduler stand in this place. */
#include <stdio.h>
#include <string.h>

#include "bms_firmware.h"
#include "database.h"
#include "memory.h"
#include "parameters.h"
#include "port.h"
#include "protection.h"
#include "tasks.h"

enum { NO_ERROR = 0, ERROR_PERIOD = 1, ERROR_COUNTS = 2, ERROR_SNAPSHOT = 3 };

#define NS_PER_MS 1000000u

uint32_t bms_abi_version(void)
{
    return BMS_ABI_VERSION;
}

int32_t bms_describe(char *buf, int32_t len)
{
    char text[2048];
    int used = snprintf(text, sizeof text,
                        "{\"name\": \"example\", \"version\": \"1.0.0\", \"period_ms\": %u, \"watchdog_ms\": 500, "
                        "\"cells\": [1, %u], \"temperatures\": [1, %u], \"alarms\": {",
                        TASK_PERIOD_MS, CELLS_MAX, TEMPERATURES_MAX);
    for (size_t i = 0; i < ALARM_ROW_COUNT; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s\"%u\": \"%s\"", i == 0u ? "" : ", ",
                         (unsigned)ALARM_ROWS[i].id, ALARM_ROWS[i].name);
    }
    used += snprintf(text + used, sizeof text - (size_t)used, "}}");
    if (len > used) {
        memcpy(buf, text, (size_t)used + 1u);
    }
    return used;
}

bms_handle bms_create(const char *config, const void *blob, size_t blob_len)
{
    if (!parameters_read(config)) {
        return NULL;
    }
    memory_clear();
    if (!memory_recall(blob, blob_len)) {
        port_log("persistent memory is empty or damaged");
    }
    return &database; /* there is one instance in a process; any address but NULL will do */
}

int32_t bms_reset(bms_handle handle, uint32_t kind)
{
    unsigned char eeprom[64];
    const size_t length = memory_keep(eeprom, sizeof eeprom);
    (void)handle;
    memory_clear();
    memory_recall(eeprom, length);
    port_log("reset %u", (unsigned)kind);
    return NO_ERROR;
}

int32_t bms_step(bms_handle handle, uint64_t t_ns, uint64_t dt_ns, const bms_inputs *in, bms_outputs *out)
{
    const uint64_t end_ms = t_ns / NS_PER_MS;
    const uint64_t period_ms = dt_ns / NS_PER_MS;
    (void)handle;
    if (period_ms == 0u || period_ms % TASK_PERIOD_MS != 0u) {
        return ERROR_PERIOD;
    }
    if (in->cell_count != parameters.cell_count || in->temperature_count != parameters.temperature_count) {
        return ERROR_COUNTS;
    }
    port_set_time((uint32_t)end_ms);
    port_read(in);
    for (uint64_t ms = end_ms - period_ms + TASK_PERIOD_MS; ms <= end_ms; ms += TASK_PERIOD_MS) {
        task_10ms();
        if (ms % 100u < TASK_PERIOD_MS) {
            task_100ms();
        }
    }
    port_write(out);
    return NO_ERROR;
}

int64_t bms_persistent(bms_handle handle, void *buf, size_t len)
{
    (void)handle;
    return (int64_t)memory_keep(buf, len);
}

void bms_destroy(bms_handle handle)
{
    (void)handle;
}

int64_t bms_snapshot_save(bms_handle handle, void *buf, size_t len)
{
    (void)handle;
    return (int64_t)memory_save(buf, len);
}

int32_t bms_snapshot_load(bms_handle handle, const void *buf, size_t len)
{
    (void)handle;
    return memory_load(buf, len) ? NO_ERROR : ERROR_SNAPSHOT;
}
