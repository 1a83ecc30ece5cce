#define STEP ((bms_measurement *)in->cell_voltages)[3].value = 3.3;
#include "firmware.h"
