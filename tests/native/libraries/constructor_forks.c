#include <unistd.h>
__attribute__((constructor)) static void start(void) { fork(); }
#include "firmware.h"
