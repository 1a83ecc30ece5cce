/* alarms.c: debouncing, hysteresis and latch of one row of the table of alarms. */
#include "alarms.h"

#include "port.h"

#define FLOWS_MA 5000 /* below, the rack neither charges nor discharges */

alarms_memory_t alarms_memory;

static bool is_beyond(const alarm_row_t *row, int32_t value, int32_t threshold)
{
    return row->when == WHEN_ABOVE ? value >= threshold : value <= threshold;
}

static bool may_trip(const alarm_row_t *row)
{
    const int32_t current_mA = database.measured.current_mA;
    const bool flows[] = {
        [ALWAYS] = true, [CHARGING] = current_mA < -FLOWS_MA, [DISCHARGING] = current_mA > FLOWS_MA};
    return flows[row->trips];
}

static bool is_set(const alarm_row_t *row, uint32_t level, uint32_t beyond_ms)
{
#ifdef MISTAKE_NO_DEBOUNCE
    (void)row; /* MISTAKE: one sample is enough */
    (void)level;
    return beyond_ms > 0u;
#else
    return beyond_ms > 0u && beyond_ms >= row->set_ms[level];
#endif
}

static bool is_cleared(const alarm_row_t *row, uint32_t level, uint32_t within_ms, bool reset)
{
    bool cause_gone = within_ms > 0u && within_ms >= row->clear_ms;
#ifdef MISTAKE_ALARM_CLEARS_ITSELF
    cause_gone = true; /* MISTAKE: nobody asks whether the cause has gone */
#endif
    return cause_gone && (level + 1u < ALARM_TRIP || reset);
}

static void step_level(const alarm_row_t *row, uint32_t level, const alarm_signal_t *signal, bool reset, uint32_t dt_ms)
{
    alarm_timer_t *timer = &alarms_memory.timers[row->id][level];
    const bool permitted = signal->known && (level + 1u < ALARM_TRIP || may_trip(row));
    const bool beyond = permitted && is_beyond(row, signal->value, row->set[level]);
    const bool within = signal->known && !is_beyond(row, signal->value, row->clear[level]);

    timer->beyond_ms = beyond ? timer->beyond_ms + dt_ms : 0u;
    timer->within_ms = within ? timer->within_ms + dt_ms : 0u;
    if (!timer->active && is_set(row, level, timer->beyond_ms)) {
        timer->active = true;
        database.alarms.source[row->id] = signal->source;
        port_log("alarm %s level %u set at %ld", row->name, (unsigned)level + 1u, (long)signal->value);
    } else if (timer->active && is_cleared(row, level, timer->within_ms, reset)) {
        timer->active = false;
        timer->beyond_ms = 0; /* its time begins anew */
        port_log("alarm %s level %u cleared", row->name, (unsigned)level + 1u);
    }
}

static uint32_t larger(uint32_t one, uint32_t other)
{
    return one > other ? one : other;
}

void alarms_begin(void)
{
    database.alarms.charge_level = 0;
    database.alarms.discharge_level = 0;
    database.alarms.trip = false;
}

void alarms_step(const alarm_row_t *row, bool reset, uint32_t dt_ms)
{
    block_alarms_t *alarms = &database.alarms;
    const alarm_signal_t signal = row->signal(row->argument);
    uint32_t highest = 0;
    for (uint32_t level = 0; level < ALARM_LEVELS; level++) {
        if (row->set[level] == NEVER) {
            continue;
        }
        step_level(row, level, &signal, reset, dt_ms);
        if (alarms_memory.timers[row->id][level].active) {
            highest = level + 1u;
        }
    }
    alarms->level[row->id] = highest;
    if ((row->concerns & CHARGE) != 0) {
        alarms->charge_level = larger(alarms->charge_level, highest);
    }
    if ((row->concerns & DISCHARGE) != 0) {
        alarms->discharge_level = larger(alarms->discharge_level, highest);
    }
    alarms->trip = alarms->trip || highest >= ALARM_TRIP;
}
