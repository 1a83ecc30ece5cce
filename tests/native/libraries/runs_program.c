#define STEP if (system("true")) out->soc = 0;
#include "firmware.h"
