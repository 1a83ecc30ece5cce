#define STEP printf("good bye\n"); exit(0);
#include "firmware.h"
