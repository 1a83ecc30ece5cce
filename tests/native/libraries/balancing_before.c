#define STEP ((volatile uint8_t *)out->balancing)[-1] = 1;
#include "firmware.h"
