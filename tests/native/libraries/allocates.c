#define STEP for (;;) memset(malloc(1 << 20), 1, 4096);
#include "firmware.h"
