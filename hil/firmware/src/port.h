/*
 * port.h: the only part that knows the emulator. On a controller its place is taken by drivers: cell-monitoring chain,
 * current sensor, inputs and outputs, CAN, and the tick of the RTOS.
 */
#ifndef PORT_H
#define PORT_H

#include <stdint.h>

#include "bms_firmware.h"

/* Sets the clock: time since the start. */
void port_set_time(uint32_t now_ms);

/* What the tick counter of an RTOS gives. It wraps after 49 days: only ever compare differences. */
uint32_t port_now_ms(void);

/* From the emulator's inputs to the blocks of the database. */
void port_read(const bms_inputs *in);

/* From the blocks of the database to the emulator's outputs. */
void port_write(bms_outputs *out);

/* Adds a line to the log; what does not fit into one period is lost. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void port_log(const char *format, ...);

#endif
