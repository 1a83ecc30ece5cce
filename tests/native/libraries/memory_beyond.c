/* Writes one byte more than there is room for, whatever that is. */
#define bms_persistent little_memory
#include "firmware.h"
#undef bms_persistent
int64_t bms_persistent(bms_handle handle, void *buf, size_t len) {
    (void)handle;
    for (size_t i = 0; i <= len; i++) ((volatile char *)buf)[i] = 1;
    return (int64_t)len;
}
