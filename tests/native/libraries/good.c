#define SNAPSHOT
#include "firmware.h"
