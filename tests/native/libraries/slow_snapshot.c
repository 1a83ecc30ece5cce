/* Its snapshot hangs from the tenth step on. */
#define SNAPSHOT
#define bms_snapshot_save good_save
#include "firmware.h"
#undef bms_snapshot_save
int64_t bms_snapshot_save(bms_handle handle, void *buf, size_t len) {
    for (volatile int busy = bms.steps >= 10; busy;) {}
    return good_save(handle, buf, len);
}
