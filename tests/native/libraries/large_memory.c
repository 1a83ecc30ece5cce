/* Keeps what it is given, whatever that is. */
#include <stddef.h>
static char memory[1 << 20];
static size_t size;
#define CREATE if (blob_len <= sizeof memory) memcpy(memory, blob, size = blob_len);
#define bms_persistent little_memory
#include "firmware.h"
#undef bms_persistent
int64_t bms_persistent(bms_handle handle, void *buf, size_t len) {
    (void)handle;
    if (len >= size) memcpy(buf, memory, size);
    return (int64_t)size;
}
