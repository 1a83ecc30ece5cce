/* Gives back what it was given, so that a test sees both sides of the structs. */
#define STEP                                                        \
    out->charge_current_limit = in->current.value;                  \
    out->discharge_current_limit = in->cell_voltages[in->cell_count - 1].value; \
    out->charge_power_limit = in->cell_voltages[0].age_ms;          \
    out->discharge_power_limit = in->temperatures[in->temperature_count - 1].value; \
    out->charge_power_limit_60s = in->command.age_ms;               \
    out->discharge_power_limit_60s = (double)t_ns;                  \
    out->soe_charge = in->command.soc_max;                          \
    out->soe_discharge = in->cmu_faults[in->pack_count - 1];        \
    out->flags = in->command.flags;                                 \
    out->balancing[in->cell_count - 1] = 1;                         \
    out->alarms[0].id = 7;                                          \
    out->alarms[0].level = in->supply_voltage.valid;                \
    out->alarms[0].source = BMS_NO_SOURCE;                          \
    out->alarm_count = 1;                                           \
    out->log_length = (uint32_t)sprintf(out->log, "at %u\n", in->cell_voltages[0].age_ms);
#include "firmware.h"
