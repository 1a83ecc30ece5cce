/* balancing.h: which cells are bled. */
#ifndef BALANCING_H
#define BALANCING_H

void balancing_step(void);

#endif
