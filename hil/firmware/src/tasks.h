/* tasks.h: what an RTOS would run on its tick. */
#ifndef TASKS_H
#define TASKS_H

#define TASK_PERIOD_MS 10u

void task_10ms(void);
void task_100ms(void);

#endif
