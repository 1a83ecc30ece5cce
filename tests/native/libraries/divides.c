static volatile int zero;
#define STEP out->flags = (uint32_t)(1000 / zero);
#include "firmware.h"
