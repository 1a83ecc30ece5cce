#define STEP for (volatile int busy = 1; busy;) {}
#include "firmware.h"
