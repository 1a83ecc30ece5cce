/* protection.h: the table of alarms. */
#ifndef PROTECTION_H
#define PROTECTION_H

#include <stddef.h>
#include <stdint.h>

#include "alarms.h"

extern const alarm_row_t ALARM_ROWS[];
extern const size_t ALARM_ROW_COUNT;

void protection_step(uint32_t dt_ms);

#endif
