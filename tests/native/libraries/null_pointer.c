#define STEP volatile bms_measurement *nothing = NULL; nothing->value = 1.0;
#include "firmware.h"
