#define STEP out->struct_size = 96;
#include "firmware.h"
