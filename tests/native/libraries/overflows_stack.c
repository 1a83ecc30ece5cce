static volatile int deep = 1;
static int recurse(int depth) { volatile char room[4096]; room[0] = (char)depth; return deep ? recurse(depth + 1) + room[0] : 0; }
#define STEP recurse(0);
#include "firmware.h"
