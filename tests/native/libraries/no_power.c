#define STEP out->charge_current_limit = out->charge_current_limit_60s = 100.0;
#include "firmware.h"
