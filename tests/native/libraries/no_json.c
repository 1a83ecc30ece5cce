#define DESCRIPTION "name: test"
#include "firmware.h"
