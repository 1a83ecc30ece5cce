#define STEP out->log = "text"; out->log_length = 4;
#include "firmware.h"
