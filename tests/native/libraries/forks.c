#include <unistd.h>
#define STEP fork();
#include "firmware.h"
