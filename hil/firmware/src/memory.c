/* memory.c: a list of all that is not constant, and the few values that outlive the power. */
#include "memory.h"

#include <string.h>

#include "alarms.h"
#include "contactors.h"
#include "database.h"

#define IMAGE_VERSION 1u

database_t database;

static const struct {
    void *start;
    size_t size;
} REGIONS[] = {
    {&database, sizeof database},
    {&alarms_memory, sizeof alarms_memory},
    {&contactors_memory, sizeof contactors_memory},
};
#define REGION_COUNT (sizeof REGIONS / sizeof REGIONS[0])

typedef struct {
    uint32_t version;
    uint32_t checksum; /* of what follows */
    double soc;
    double throughput_Ah;
} eeprom_t;

/* FNV-1a over the part of the image that follows the checksum. */
static uint32_t checksum(const eeprom_t *image)
{
    const unsigned char *bytes = (const unsigned char *)image;
    uint32_t sum = 2166136261u;
    for (size_t i = offsetof(eeprom_t, soc); i < sizeof *image; i++) {
        sum = (sum ^ bytes[i]) * 16777619u;
    }
    return sum;
}

void memory_clear(void)
{
    for (size_t i = 0; i < REGION_COUNT; i++) {
        memset(REGIONS[i].start, 0, REGIONS[i].size);
    }
}

size_t memory_keep(void *image, size_t length)
{
    eeprom_t kept = {.version = IMAGE_VERSION, .soc = database.soc.soc, .throughput_Ah = database.soc.throughput_Ah};
    if (!database.soc.known) {
        return 0; /* nothing is known yet that would be worth keeping */
    }
    kept.checksum = checksum(&kept);
    if (length >= sizeof kept) {
        memcpy(image, &kept, sizeof kept);
    }
    return sizeof kept;
}

bool memory_recall(const void *image, size_t length)
{
#ifdef MISTAKE_SOC_RESET
    (void)image; /* MISTAKE: written, but never read again */
    return length == 0u;
#else
    eeprom_t kept;
    if (image == NULL || length != sizeof kept) {
        return false;
    }
    memcpy(&kept, image, sizeof kept);
    if (kept.version != IMAGE_VERSION || kept.checksum != checksum(&kept)) {
        return false;
    }
    database.soc.soc = kept.soc;
    database.soc.throughput_Ah = kept.throughput_Ah;
    database.soc.known = true;
    return true;
#endif
}

size_t memory_save(void *image, size_t length)
{
    unsigned char *to = image;
    size_t used = 0;
    for (size_t i = 0; i < REGION_COUNT; i++) {
        if (length >= used + REGIONS[i].size) {
            memcpy(to + used, REGIONS[i].start, REGIONS[i].size);
        }
        used += REGIONS[i].size;
    }
    return used;
}

bool memory_load(const void *image, size_t length)
{
    const unsigned char *from = image;
    if (length != memory_save(NULL, 0)) {
        return false;
    }
    for (size_t i = 0; i < REGION_COUNT; i++) {
        memcpy(REGIONS[i].start, from, REGIONS[i].size);
        from += REGIONS[i].size;
    }
    return true;
}
