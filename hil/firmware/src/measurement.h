/* measurement.h: which samples may be believed, and their extremes. */
#ifndef MEASUREMENT_H
#define MEASUREMENT_H

#include <stdint.h>

void measurement_step(uint32_t dt_ms);

#endif
