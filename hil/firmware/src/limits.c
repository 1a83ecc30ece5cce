/* limits.c: rated current times factors in thousandths: cell voltage, temperature, alarms, reserves, state. */
#include "limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bms_firmware.h"
#include "database.h"
#include "parameters.h"

#define WHOLE 1000

typedef struct {
    int32_t at;
    int32_t factor;
} point_t;

static const point_t CHARGE_VOLTAGE[] = {{3460, WHOLE}, {3540, 0}};       /* mV */
static const point_t DISCHARGE_VOLTAGE[] = {{2920, 0}, {3000, WHOLE}};    /* mV */
static const point_t CHARGE_COLD[] = {{0, 0}, {50, 200}, {150, WHOLE}};   /* 0.1 degC */
static const point_t DISCHARGE_COLD[] = {{-300, 0}, {-100, 600}, {0, WHOLE}};
static const point_t HOT[] = {{450, WHOLE}, {500, 0}};

/* Linear between points, constant beyond the first and the last. */
static int32_t look_up(const point_t points[], size_t count, int32_t at)
{
    if (at <= points[0].at) {
        return points[0].factor;
    }
    for (size_t i = 1; i < count; i++) {
        if (at <= points[i].at) {
            const int32_t rise = points[i].factor - points[i - 1].factor;
            return points[i - 1].factor + rise * (at - points[i - 1].at) / (points[i].at - points[i - 1].at);
        }
    }
    return points[count - 1].factor;
}

#define LOOK_UP(points, at) look_up(points, sizeof(points) / sizeof(points)[0], at)

static int32_t of_alarms(uint32_t level)
{
    static const int32_t FACTORS[] = {WHOLE, 800, 0, 0};
    return FACTORS[level];
}

static int32_t times(int32_t one, int32_t other)
{
    return one * other / WHOLE;
}

static int32_t current_mA(int32_t factor)
{
    return (int32_t)((int64_t)parameters.rated_current_mA * factor / WHOLE);
}

static bool may_carry_current(void)
{
    const bool measures = database.measured.cell_voltage_mV.known && database.measured.temperature_ddegC.known;
    const bool master_lost = (database.command.flags & BMS_COMMAND_MASTER_LOST) != 0u;
    const bool connected = database.contactors.state == BMS_STATE_CONNECTED;
    return connected && measures && !master_lost && database.command.bank_action < 2u;
}

void limits_step(void)
{
    const extremes_t *voltage = &database.measured.cell_voltage_mV;
    const extremes_t *temperature = &database.measured.temperature_ddegC;
    const int32_t hot = LOOK_UP(HOT, temperature->max);
    const int32_t bank = of_alarms(database.command.bank_action == 1u ? 1u : 0u);
    int32_t charge = times(times(LOOK_UP(CHARGE_VOLTAGE, voltage->max), LOOK_UP(CHARGE_COLD, temperature->min)), hot);
    int32_t discharge =
        times(times(LOOK_UP(DISCHARGE_VOLTAGE, voltage->min), LOOK_UP(DISCHARGE_COLD, temperature->min)), hot);

    charge = times(times(charge, of_alarms(database.alarms.charge_level)), bank);
    discharge = times(times(discharge, of_alarms(database.alarms.discharge_level)), bank);
    if (!may_carry_current()) {
        charge = 0;
        discharge = 0;
    }
    if (database.soc.soc >= database.command.soc_max) {
        charge = 0;
    }
    if (database.soc.soc <= database.command.soc_min) {
        discharge = 0;
    }
#ifdef MISTAKE_LIMITS_FROZEN
    if (database.limits.charge_mA > 0) {
        return; /* MISTAKE: once found, never looked at again */
    }
#endif
    database.limits.charge_mA = current_mA(charge);
    database.limits.discharge_mA = current_mA(discharge);
}
