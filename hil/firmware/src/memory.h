/* memory.h: the firmware's memory as a whole: begun anew, kept over a power cycle, saved for a snapshot. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All to 0, as the loader of a controller does with .bss. */
void memory_clear(void);

/* What stays over a power cycle, to and from an image of the EEPROM. Wrong images are refused. */
size_t memory_keep(void *image, size_t length);
bool memory_recall(const void *image, size_t length);

/* The whole memory, to and from a snapshot. */
size_t memory_save(void *image, size_t length);
bool memory_load(const void *image, size_t length);

#endif
