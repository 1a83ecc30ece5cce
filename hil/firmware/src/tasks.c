/* tasks.c: what runs how often, and in which order. */
#include "tasks.h"

#include "balancing.h"
#include "contactors.h"
#include "database.h"
#include "limits.h"
#include "measurement.h"
#include "protection.h"
#include "soc.h"

void task_10ms(void)
{
    measurement_step(10u);
    soc_step(10u);
    protection_step(10u);
    contactors_step(10u);
}

void task_100ms(void)
{
    limits_step();
    balancing_step();
    database.heartbeat++;
}
