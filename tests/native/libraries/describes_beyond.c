#define bms_describe short_description
#include "firmware.h"
#undef bms_describe
int32_t bms_describe(char *buf, int32_t len) {
    for (int32_t i = 0; i <= len; i++) ((volatile char *)buf)[i] = 'x';
    return len;
}
