/* soc.h: state of charge. */
#ifndef SOC_H
#define SOC_H

#include <stdint.h>

void soc_step(uint32_t dt_ms);

#endif
