#define bms_persistent little_memory
#include "firmware.h"
#undef bms_persistent
int64_t bms_persistent(bms_handle handle, void *buf, size_t len) {
    (void)handle, (void)len;
    ((volatile char *)buf)[-1] = 1;
    return 0;
}
