#define RETURN -42
#include "firmware.h"
