/* limits.h: what current the rack may carry. */
#ifndef LIMITS_H
#define LIMITS_H

void limits_step(void);

#endif
