#define STEP *(volatile int *)0x123456789000 = 1;
#include "firmware.h"
