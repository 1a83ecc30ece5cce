/* Its snapshot is not all of its state. */
#define SNAPSHOT
static int forgotten;
#define STEP out->soe_charge = ++forgotten;
#include "firmware.h"
