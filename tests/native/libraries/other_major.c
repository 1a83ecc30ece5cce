#define ABI_VERSION ((9u << 16) | 3u)
#include "firmware.h"
