#define STEP for (uint32_t cell = 0; cell <= in->cell_count; cell++) ((volatile uint8_t *)out->balancing)[cell] = 0;
#include "firmware.h"
