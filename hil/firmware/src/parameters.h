/* parameters.h: what the firmware is set to, by the site's profile or by default. */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t cell_count;
    uint32_t temperature_count;
    int32_t rated_current_mA;
    double rated_capacity_Ah;
    double soh; /* as a capacity test found it; this firmware does not learn it */
    uint32_t precharge_timeout_ms;
} parameters_t;

extern parameters_t parameters;

/* Takes the parameters from a JSON object; false where something is missing or out of range. */
bool parameters_read(const char *config);

#endif
