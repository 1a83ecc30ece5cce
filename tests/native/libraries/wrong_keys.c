#define DESCRIPTION "{\"name\": \"test\", \"version\": 3, \"periode_ms\": 100, \"alarms\": {\"x\": \"y\"}}"
#include "firmware.h"
