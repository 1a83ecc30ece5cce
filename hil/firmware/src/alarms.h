/*
 * alarms.h: three levels, each set and cleared by a threshold that has to be passed for some time. Level 3 is latched:
 * it stays until its cause has gone and a reset is given.
 */
#ifndef ALARMS_H
#define ALARMS_H

#include <stdbool.h>
#include <stdint.h>

#include "database.h"

#define ALARM_LEVELS 3u
#define ALARM_TRIP 3u
#define NEVER INT32_MAX

typedef enum { WHEN_ABOVE, WHEN_BELOW } alarm_when_t;
typedef enum { CHARGE = 1, DISCHARGE = 2, BOTH = 3 } alarm_concerns_t;
typedef enum { ALWAYS, CHARGING, DISCHARGING } alarm_trips_t;

/* What an alarm watches. While it is unknown, nothing is set or cleared. */
typedef struct {
    bool known;
    int32_t value;
    uint32_t source;
} alarm_signal_t;

typedef struct {
    uint32_t id;
    const char *name;
    alarm_signal_t (*signal)(uint32_t argument);
    uint32_t argument; /* which input or contactor, where the signal is about one */
    alarm_when_t when;
    int32_t set[ALARM_LEVELS]; /* NEVER: there is no such level */
    uint32_t set_ms[ALARM_LEVELS];
    int32_t clear[ALARM_LEVELS];
    uint32_t clear_ms;
    alarm_concerns_t concerns;
    alarm_trips_t trips; /* level 3 is set only while current flows so */
} alarm_row_t;

typedef struct {
    uint32_t beyond_ms; /* for how long the signal has been beyond the level's threshold */
    uint32_t within_ms; /* for how long it has been back */
    bool active;
} alarm_timer_t;

typedef struct {
    alarm_timer_t timers[ALARMS_MAX][ALARM_LEVELS];
} alarms_memory_t;

extern alarms_memory_t alarms_memory;

/* Forgets the summary of the last period; call it before the first row. */
void alarms_begin(void);

/* One row of the table, one period. */
void alarms_step(const alarm_row_t *row, bool reset, uint32_t dt_ms);

#endif
