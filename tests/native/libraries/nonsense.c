#define STEP                                 \
    out->soc = 50.0;                         \
    out->charge_current_limit = 0.0 / 0.0;   \
    out->discharge_current_limit = -1.0;     \
    out->discharge_power_limit = 100.0;      \
    out->state = 77;                         \
    out->contactor_command = 1u << 5;        \
    out->balancing[3] = 2;                   \
    out->alarm_count = 1;                    \
    out->alarms[0].id = 8;                   \
    out->alarms[0].level = 4;                \
    out->alarms[0].source = 1000000;         \
    out->log_length = 1000000;
#include "firmware.h"
