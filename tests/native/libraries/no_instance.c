#define CREATE return NULL;
#include "firmware.h"
