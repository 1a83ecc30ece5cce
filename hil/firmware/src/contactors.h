/* contactors.h: the state of the rack: precharge, connection, opening, supervision of the contactors' feedback. */
#ifndef CONTACTORS_H
#define CONTACTORS_H

#include <stdint.h>

typedef struct {
    uint32_t state; /* BMS_STATE_... */
    uint32_t step;  /* of the precharge */
    uint32_t state_ms;
    uint32_t step_ms;
    uint32_t tries;
    uint32_t pause_ms; /* until the next try */
    uint32_t after_opening; /* state that follows OPENING */
    uint32_t command; /* BMS_CONTACTOR_... */
    uint32_t mismatch_ms; /* for how long feedback and command have differed */
} contactors_memory_t;

extern contactors_memory_t contactors_memory;

void contactors_step(uint32_t dt_ms);

#endif
