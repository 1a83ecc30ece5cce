/* balancing.c: near the top of charge, cells well above the lowest are bled until they are nearly level with it. */
#include "balancing.h"

#include <stdbool.h>

#include "bms_firmware.h"
#include "database.h"

#define FROM_MV 3380  /* below, the curve is so flat that a voltage says nothing about charge */
#define BEGIN_MV 10   /* above the lowest cell */
#define END_MV 5
#define HOTTEST_DDEGC 450

void balancing_step(void)
{
    const extremes_t *voltage = &database.measured.cell_voltage_mV;
    const extremes_t *temperature = &database.measured.temperature_ddegC;
    const bool permitted = (database.command.flags & BMS_COMMAND_BALANCING_ENABLED) != 0u && !database.alarms.trip &&
                           voltage->unusable_count == 0u && temperature->known && temperature->max < HOTTEST_DDEGC;

    for (uint32_t i = 0; i < database.inputs.cell_count; i++) {
        const int32_t mV = database.inputs.cell_voltage_mV[i].value;
        const int32_t above = mV - voltage->min;
        const bool bled = database.balancing.bleeds[i] != 0u;
        database.balancing.bleeds[i] = permitted && mV >= FROM_MV && above >= (bled ? END_MV : BEGIN_MV);
    }
}
