/* port.c: drivers that are none: SI units and structs of the emulator on one side, the database on the other. */
#include "port.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "alarms.h"
#include "database.h"
#include "parameters.h"

#define ZERO_DEGC_K 273.15
#define LONG_AGO_MS 60000u
#define NOMINAL_CELL_V 3.2

/* Every call of bms_step sets the clock and hands over the log, so they are no part of a snapshot. */
static uint32_t now;
static char log_text[1024];
static uint32_t log_length;

#ifdef MISTAKE_UNSIGNED_TEMPERATURE
typedef uint16_t ddegC_t; /* MISTAKE: -5.0 degC becomes 6548.6 degC */
#else
typedef int16_t ddegC_t;
#endif

void port_set_time(uint32_t now_ms)
{
    now = now_ms;
}

uint32_t port_now_ms(void)
{
    return now;
}

void port_log(const char *format, ...)
{
    const uint32_t room = (uint32_t)sizeof log_text - log_length;
    va_list values;
    va_start(values, format);
    const int length = vsnprintf(log_text + log_length, room, format, values);
    va_end(values);
    if (length >= 0 && (uint32_t)length + 1u < room) {
        log_length += (uint32_t)length;
        log_text[log_length++] = '\n';
    }
}

static int32_t nearest(double value)
{
    return (int32_t)(value < 0.0 ? value - 0.5 : value + 0.5);
}

static sample_t sample(const bms_measurement *measurement, double offset, double per_unit)
{
    const uint32_t age_ms = measurement->age_ms < LONG_AGO_MS ? measurement->age_ms : LONG_AGO_MS;
    const bool valid = measurement->valid != 0u;
    const sample_t taken = {
        .value = valid ? nearest((measurement->value - offset) * per_unit) : 0,
        .time_ms = now - age_ms,
        .valid = valid,
    };
    return taken;
}

static sample_t temperature_sample(const bms_measurement *measurement)
{
    sample_t taken = sample(measurement, ZERO_DEGC_K, 10.0);
    taken.value = (ddegC_t)taken.value;
    return taken;
}

static sample_t current_sample(const bms_measurement *measurement)
{
    sample_t taken = sample(measurement, 0.0, 1000.0);
#ifdef MISTAKE_WRONG_CURRENT_SIGN
    taken.value = -taken.value; /* MISTAKE: the sensor is already positive in discharge */
#endif
    return taken;
}

void port_read(const bms_inputs *in)
{
    block_inputs_t *inputs = &database.inputs;
    block_command_t *command = &database.command;

    inputs->cell_count = in->cell_count;
    inputs->temperature_count = in->temperature_count;
    for (uint32_t i = 0; i < in->cell_count; i++) {
        inputs->cell_voltage_mV[i] = sample(&in->cell_voltages[i], 0.0, 1000.0);
    }
    for (uint32_t i = 0; i < in->temperature_count; i++) {
        inputs->temperature_ddegC[i] = temperature_sample(&in->temperatures[i]);
    }
    inputs->current_mA = current_sample(&in->current);
    inputs->string_voltage_mV = sample(&in->string_voltage, 0.0, 1000.0);
    inputs->link_voltage_mV = sample(&in->link_voltage, 0.0, 1000.0);
    inputs->contactor_feedback = in->contactor_feedback;
    inputs->digital_inputs = in->digital_inputs;

    command->request = in->command.request;
    command->flags = in->command.flags;
    command->bank_action = in->command.bank_action;
    command->soc_min = in->command.soc_min;
    command->soc_max = in->command.soc_max;
}

static void write_alarms(bms_outputs *out)
{
    for (uint32_t id = 0; id < ALARMS_MAX && out->alarm_count < out->alarm_capacity; id++) {
        if (database.alarms.level[id] > 0u) {
            bms_alarm *alarm = &out->alarms[out->alarm_count++];
            alarm->id = id;
            alarm->level = database.alarms.level[id];
            alarm->source = database.alarms.source[id];
        }
    }
}

static void write_limits(bms_outputs *out)
{
    const double voltage = database.inputs.string_voltage_mV.value / 1000.0; /* 0 where invalid */
    out->charge_current_limit = database.limits.charge_mA / 1000.0;
    out->discharge_current_limit = database.limits.discharge_mA / 1000.0;
    out->charge_power_limit = out->charge_current_limit * voltage;
    out->discharge_power_limit = out->discharge_current_limit * voltage;
    out->charge_current_limit_60s = out->charge_current_limit;
    out->discharge_current_limit_60s = out->discharge_current_limit;
    out->charge_power_limit_60s = out->charge_power_limit;
    out->discharge_power_limit_60s = out->discharge_power_limit;
}

static void write_estimates(bms_outputs *out)
{
    const double energy_J = parameters.rated_capacity_Ah * 3600.0 * NOMINAL_CELL_V * parameters.cell_count;
    out->soc = database.soc.soc;
    out->soh = database.soc.soh;
    out->soe_discharge = energy_J * out->soh * out->soc;
    out->soe_charge = energy_J * out->soh * (1.0 - out->soc);
}

static void write_log(bms_outputs *out)
{
    out->log_length = log_length < out->log_capacity ? log_length : out->log_capacity;
    memcpy(out->log, log_text, out->log_length);
    log_length = 0;
}

void port_write(bms_outputs *out)
{
    const block_contactors_t *contactors = &database.contactors;

    out->struct_size = (uint32_t)sizeof *out;
    memcpy(out->balancing, database.balancing.bleeds, out->cell_count);
    out->contactor_command = contactors->command;
    out->flags = contactors->ready ? BMS_OUTPUT_READY : 0u;
    out->flags |= contactors->breaker_trip ? BMS_OUTPUT_BREAKER_TRIP : 0u;
    out->flags |= database.alarms.trip ? BMS_OUTPUT_LATCHED : 0u;
    out->state = contactors->state;
    out->heartbeat = database.heartbeat;
    out->chiller_request = BMS_CHILLER_NO_REQUEST;
    out->connect_failure = contactors->connect_failure;
    write_alarms(out);
    write_limits(out);
    write_estimates(out);
    write_log(out);
}
