/* soc.c: coulomb counting; where persistent memory knows nothing, it begins with the voltage of resting cells. */
#include "soc.h"

#include <stddef.h>

#include "database.h"
#include "parameters.h"
#include "port.h"

#define REST_MA 2000

/* Open-circuit voltage of an LFP cell, mV over state of charge. The middle is so flat that it says little. */
static const struct {
    int32_t mV;
    double soc;
} OCV[] = {
    {2286, 0.00}, {2895, 0.02}, {3065, 0.05}, {3197, 0.10}, {3234, 0.20}, {3270, 0.30}, {3292, 0.40}, {3300, 0.50},
    {3304, 0.60}, {3311, 0.70}, {3335, 0.80}, {3343, 0.90}, {3345, 0.95}, {3349, 0.98}, {3396, 0.995}, {3600, 1.00},
};
#define OCV_COUNT (sizeof OCV / sizeof OCV[0])

static double soc_of(int32_t mV)
{
    if (mV <= OCV[0].mV) {
        return OCV[0].soc;
    }
    for (size_t i = 1; i < OCV_COUNT; i++) {
        if (mV <= OCV[i].mV) {
            const double share = (double)(mV - OCV[i - 1].mV) / (double)(OCV[i].mV - OCV[i - 1].mV);
            return OCV[i - 1].soc + share * (OCV[i].soc - OCV[i - 1].soc);
        }
    }
    return OCV[OCV_COUNT - 1].soc;
}

static void begin(block_soc_t *estimate)
{
    const extremes_t *voltage = &database.measured.cell_voltage_mV;
    const int32_t current_mA = database.measured.current_mA;
    if (voltage->known && database.measured.current_known && current_mA < REST_MA && current_mA > -REST_MA) {
        estimate->soc = soc_of(voltage->mean);
        estimate->known = true;
        port_log("first start: soc %.3f from %ld mV", estimate->soc, (long)voltage->mean);
    }
}

void soc_step(uint32_t dt_ms)
{
    block_soc_t *estimate = &database.soc;
    estimate->soh = parameters.soh;
    if (!estimate->known) {
        begin(estimate);
        return;
    }
    const double moved_Ah = database.measured.current_mA / 1000.0 * dt_ms / 3600000.0;
    const double soc = estimate->soc - moved_Ah / (parameters.rated_capacity_Ah * parameters.soh);
    estimate->soc = soc < 0.0 ? 0.0 : soc > 1.0 ? 1.0 : soc;
    estimate->throughput_Ah += moved_Ah < 0.0 ? -moved_Ah : moved_Ah;
}
