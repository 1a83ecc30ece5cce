/* measurement.c: samples that are valid and fresh, their extremes, and for how long some have been missing. */
#include "measurement.h"

#include "database.h"
#include "port.h"

#define VOLTAGE_AGE_MS 250u
#define CURRENT_AGE_MS 250u
#define TEMPERATURE_AGE_MS 2000u

static bool is_usable(const sample_t *sample, uint32_t age_ms)
{
#ifdef MISTAKE_STALE_TRUSTED
    (void)age_ms; /* MISTAKE: a value that stands still is believed for ever */
    return sample->valid;
#else
    return sample->valid && port_now_ms() - sample->time_ms <= age_ms;
#endif
}

static extremes_t find_extremes(const sample_t samples[], uint32_t count, uint32_t age_ms)
{
    extremes_t found = {.known = false};
    uint32_t usable_count = 0;
    int64_t sum = 0;
#ifdef MISTAKE_OFF_BY_ONE_CELL
    count--; /* MISTAKE: "the last index is count - 1", and then i < that */
#endif
    for (uint32_t i = 0; i < count; i++) {
        const int32_t value = samples[i].value;
        if (!is_usable(&samples[i], age_ms)) {
            found.unusable_count++;
            continue;
        }
        if (usable_count == 0u || value > found.max) {
            found.max = value;
            found.max_at = i;
        }
        if (usable_count == 0u || value < found.min) {
            found.min = value;
            found.min_at = i;
        }
        usable_count++;
        sum += value;
    }
    found.known = usable_count > 0u;
    found.mean = found.known ? (int32_t)(sum / (int64_t)usable_count) : 0;
    return found;
}

static void note_lost(uint32_t kind, bool lost, uint32_t dt_ms)
{
    uint32_t *lost_ms = &database.measured.lost_ms[kind];
    *lost_ms = lost ? *lost_ms + dt_ms : 0u;
}

void measurement_step(uint32_t dt_ms)
{
    const block_inputs_t *in = &database.inputs;
    block_measured_t *measured = &database.measured;

    measured->cell_voltage_mV = find_extremes(in->cell_voltage_mV, in->cell_count, VOLTAGE_AGE_MS);
    measured->temperature_ddegC = find_extremes(in->temperature_ddegC, in->temperature_count, TEMPERATURE_AGE_MS);
    measured->current_known = is_usable(&in->current_mA, CURRENT_AGE_MS);
    measured->current_mA = measured->current_known ? in->current_mA.value : 0;

    note_lost(LOST_VOLTAGE, measured->cell_voltage_mV.unusable_count > 0u, dt_ms);
    note_lost(LOST_TEMPERATURE, measured->temperature_ddegC.unusable_count > 0u, dt_ms);
    note_lost(LOST_CURRENT, !measured->current_known, dt_ms);
}
