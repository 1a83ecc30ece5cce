int nowhere_to_be_found(void);
#define STEP nowhere_to_be_found();
#include "firmware.h"
