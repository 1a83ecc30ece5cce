/* A firmware that does next to nothing; a test defines one of its parts otherwise and includes this. */
#include "bms_firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    double soc;
    uint32_t heartbeat;
    uint64_t steps;
} bms;

#ifndef ABI_VERSION
#define ABI_VERSION BMS_ABI_VERSION
#endif
uint32_t bms_abi_version(void) { return ABI_VERSION; }

#ifndef DESCRIPTION
#define DESCRIPTION "{\"name\": \"test\", \"version\": \"1.2\", \"period_ms\": 100, \"alarms\": {\"7\": \"cell_overvoltage\"}}"
#endif
int32_t bms_describe(char *buf, int32_t len) { return snprintf(buf, (size_t)len, "%s", DESCRIPTION); }

#ifndef CREATE
#define CREATE
#endif
bms_handle bms_create(const char *config, const void *blob, size_t blob_len) {
    (void)config;
    bms.soc = 0.5;
    if (blob_len == sizeof bms.soc) memcpy(&bms.soc, blob, sizeof bms.soc);
    CREATE
    return &bms;
}

int32_t bms_reset(bms_handle handle, uint32_t kind) {
    (void)handle, (void)kind;
    bms.heartbeat = 0;
    return 0;
}

#ifndef STEP
#define STEP
#endif
#ifndef RETURN
#define RETURN 0
#endif
int32_t bms_step(bms_handle handle, uint64_t t_ns, uint64_t dt_ns, const bms_inputs *in, bms_outputs *out) {
    (void)handle, (void)t_ns, (void)dt_ns;
    out->struct_size = sizeof *out;
    bms.soc -= in->current.value * (double)dt_ns * 1e-9 / 1e6;
    bms.steps++;
    out->soc = bms.soc;
    out->soh = 1.0;
    out->heartbeat = ++bms.heartbeat;
    out->state = BMS_STATE_STANDBY;
    STEP
    return RETURN;
}

int64_t bms_persistent(bms_handle handle, void *buf, size_t len) {
    (void)handle;
    if (len >= sizeof bms.soc) memcpy(buf, &bms.soc, sizeof bms.soc);
    return sizeof bms.soc;
}

void bms_destroy(bms_handle handle) { (void)handle; }

#ifdef SNAPSHOT
int64_t bms_snapshot_save(bms_handle handle, void *buf, size_t len) {
    (void)handle;
    if (len >= sizeof bms) memcpy(buf, &bms, sizeof bms);
    return sizeof bms;
}

int32_t bms_snapshot_load(bms_handle handle, const void *buf, size_t len) {
    (void)handle;
    if (len != sizeof bms) return -1;
    memcpy(&bms, buf, sizeof bms);
    return 0;
}
#endif
