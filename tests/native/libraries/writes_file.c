#define STEP fopen("eeprom.bin", "w");
#include "firmware.h"
