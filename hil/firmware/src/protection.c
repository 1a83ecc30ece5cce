/* protection.c: what is watched, and the table of alarms, by the names that the emulator has for them. */
#include "protection.h"

#include "bms_firmware.h"
#include "database.h"
#include "parameters.h"

/* The signals: mV, 0.1 degC, thousandths of the rated current, ms; a condition is 1 or 0. */

static alarm_signal_t signal(bool known, int32_t value, uint32_t source)
{
    const alarm_signal_t made = {.known = known, .value = value, .source = source};
    return made;
}

static alarm_signal_t cell_voltage_max(uint32_t unused)
{
    const extremes_t *voltage = &database.measured.cell_voltage_mV;
    (void)unused;
    return signal(voltage->known, voltage->max, voltage->max_at);
}

static alarm_signal_t cell_voltage_min(uint32_t unused)
{
    const extremes_t *voltage = &database.measured.cell_voltage_mV;
    (void)unused;
    return signal(voltage->known, voltage->min, voltage->min_at);
}

static alarm_signal_t cell_voltage_spread(uint32_t unused)
{
    const extremes_t *voltage = &database.measured.cell_voltage_mV;
    (void)unused;
    return signal(voltage->known, voltage->max - voltage->min, BMS_NO_SOURCE);
}

static alarm_signal_t temperature_max(uint32_t unused)
{
    const extremes_t *temperature = &database.measured.temperature_ddegC;
    (void)unused;
    return signal(temperature->known, temperature->max, BMS_NO_SOURCE);
}

static alarm_signal_t temperature_min(uint32_t unused)
{
    const extremes_t *temperature = &database.measured.temperature_ddegC;
    (void)unused;
    return signal(temperature->known, temperature->min, BMS_NO_SOURCE);
}

static alarm_signal_t temperature_spread(uint32_t unused)
{
    const extremes_t *temperature = &database.measured.temperature_ddegC;
    (void)unused;
    return signal(temperature->known, temperature->max - temperature->min, BMS_NO_SOURCE);
}

static alarm_signal_t current_into(uint32_t direction)
{
    const int64_t discharge_mA = database.measured.current_mA;
    const int64_t current_mA = direction == CHARGE ? -discharge_mA : discharge_mA;
    const int32_t thousandths = (int32_t)(current_mA * 1000 / parameters.rated_current_mA);
    return signal(database.measured.current_known, thousandths, BMS_NO_SOURCE);
}

static alarm_signal_t lost(uint32_t kind)
{
    return signal(true, (int32_t)database.measured.lost_ms[kind], BMS_NO_SOURCE);
}

static alarm_signal_t contactor_welded(uint32_t contactor)
{
    return signal(true, (database.contactors.welded & contactor) != 0u, contactor / 2u);
}

static alarm_signal_t contactor_stuck_open(uint32_t contactor)
{
    return signal(true, (database.contactors.stuck_open & contactor) != 0u, contactor / 2u);
}

static alarm_signal_t precharge_failed(uint32_t unused)
{
    (void)unused;
    return signal(true, database.contactors.precharge_failed, BMS_NO_SOURCE);
}

static alarm_signal_t input_is_on(uint32_t input)
{
    return signal(true, (database.inputs.digital_inputs & input) != 0u, BMS_NO_SOURCE);
}

static alarm_signal_t input_is_off(uint32_t input)
{
    return signal(true, (database.inputs.digital_inputs & input) == 0u, BMS_NO_SOURCE);
}

/* Level 3 or nothing. */
#define CONDITION WHEN_ABOVE, {NEVER, NEVER, 1}, {0, 0, 0}, {0, 0, 1}, 0, BOTH, ALWAYS

/* Missing measurements: no current from the first on, open after five seconds. */
#define STALE WHEN_ABOVE, {NEVER, 1, 5000}, {0, 0, 0}, {0, 1, 1}, 1000, BOTH, ALWAYS

/* id, name, signal and its argument, when, set, set_ms, clear, clear_ms, concerns, trips */
const alarm_row_t ALARM_ROWS[] = {
    {1, "cell_overvoltage", cell_voltage_max, 0, WHEN_ABOVE,
     {3550, 3600, 3650}, {5000, 4000, 2000}, {3500, 3550, 3550}, 5000, CHARGE, ALWAYS},
    {2, "cell_undervoltage", cell_voltage_min, 0, WHEN_BELOW,
     {2900, 2800, 2500}, {5000, 3000, 1000}, {3000, 2900, 2800}, 5000, DISCHARGE, ALWAYS},
    {3, "cell_voltage_spread", cell_voltage_spread, 0, WHEN_ABOVE,
     {300, 400, 500}, {5000, 5000, 5000}, {250, 350, 450}, 5000, BOTH, ALWAYS},
    {4, "overtemperature_charge", temperature_max, 0, WHEN_ABOVE,
     {450, 500, 550}, {5000, 5000, 2000}, {420, 470, 520}, 10000, CHARGE, CHARGING},
    {5, "overtemperature_discharge", temperature_max, 0, WHEN_ABOVE,
     {450, 500, 600}, {5000, 5000, 2000}, {420, 470, 550}, 10000, DISCHARGE, ALWAYS},
    {6, "undertemperature_charge", temperature_min, 0, WHEN_BELOW,
     {50, 30, 0}, {5000, 5000, 2000}, {80, 60, 30}, 10000, CHARGE, CHARGING},
    {7, "undertemperature_discharge", temperature_min, 0, WHEN_BELOW,
     {-100, -200, -300}, {5000, 5000, 2000}, {-70, -170, -270}, 10000, DISCHARGE, DISCHARGING},
    {8, "temperature_spread", temperature_spread, 0, WHEN_ABOVE,
     {80, 100, 150}, {5000, 5000, 5000}, {60, 80, 120}, 10000, BOTH, ALWAYS},
    {9, "overcurrent_charge", current_into, CHARGE, WHEN_ABOVE,
     {1050, 1100, 1250}, {10000, 10000, 2000}, {1000, 1000, 1000}, 5000, CHARGE, ALWAYS},
    {10, "overcurrent_discharge", current_into, DISCHARGE, WHEN_ABOVE,
     {1050, 1100, 1250}, {10000, 10000, 2000}, {1000, 1000, 1000}, 5000, DISCHARGE, ALWAYS},
    {11, "stale_voltage", lost, LOST_VOLTAGE, STALE},
    {12, "stale_temperature", lost, LOST_TEMPERATURE, STALE},
    {13, "stale_current", lost, LOST_CURRENT, STALE},
    {14, "contactor_negative_welded", contactor_welded, BMS_CONTACTOR_NEGATIVE, CONDITION},
    {15, "contactor_precharge_welded", contactor_welded, BMS_CONTACTOR_PRECHARGE, CONDITION},
    {16, "contactor_positive_welded", contactor_welded, BMS_CONTACTOR_POSITIVE, CONDITION},
    {17, "contactor_negative_stuck_open", contactor_stuck_open, BMS_CONTACTOR_NEGATIVE, CONDITION},
    {18, "contactor_precharge_stuck_open", contactor_stuck_open, BMS_CONTACTOR_PRECHARGE, CONDITION},
    {19, "contactor_positive_stuck_open", contactor_stuck_open, BMS_CONTACTOR_POSITIVE, CONDITION},
    {20, "precharge_timeout", precharge_failed, 0, CONDITION},
    {21, "fuse_open", input_is_off, BMS_INPUT_FUSE_INTACT, CONDITION},
    {22, "interlock_open", input_is_off, BMS_INPUT_INTERLOCK_CLOSED, CONDITION},
    {23, "emergency_stop", input_is_on, BMS_INPUT_EMERGENCY_STOP, CONDITION},
    {24, "fire", input_is_on, BMS_INPUT_FIRE, CONDITION},
};
const size_t ALARM_ROW_COUNT = sizeof ALARM_ROWS / sizeof ALARM_ROWS[0];

void protection_step(uint32_t dt_ms)
{
    const bool reset = (database.command.flags & BMS_COMMAND_ALARM_RESET) != 0u;
    alarms_begin();
    for (size_t i = 0; i < ALARM_ROW_COUNT; i++) {
        alarms_step(&ALARM_ROWS[i], reset, dt_ms);
    }
}
