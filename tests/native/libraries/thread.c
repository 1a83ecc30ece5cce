#include <pthread.h>
static void *work(void *none) { return none; }
#define STEP pthread_t thread; pthread_create(&thread, NULL, work, NULL);
#include "firmware.h"
