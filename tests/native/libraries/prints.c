#define STEP for (int line = 0; line < 20000; line++) printf("step %lu line %d of very much text\n", (unsigned long)bms.steps, line);
#include "firmware.h"
