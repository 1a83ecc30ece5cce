#define DESCRIPTION "{\"name\": \"test\", \"version\": \"1\", \"period_ms\": 100, \"cells\": [4, 100]}"
#include "firmware.h"
