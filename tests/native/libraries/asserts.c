#include <assert.h>
#define STEP assert(bms.steps < 3);
#include "firmware.h"
