#define STEP out->soc = ((const volatile bms_measurement *)in->cell_voltages)[in->cell_count].value;
#include "firmware.h"
