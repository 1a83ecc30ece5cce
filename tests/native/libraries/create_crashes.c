#define CREATE *(volatile int *)8 = 1;
#include "firmware.h"
