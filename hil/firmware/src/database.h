/*
 * database.h: all that tasks and drivers tell each other, in blocks of which each has one writer.
 *
 * Integers in the units that small controllers count in: mV, mA, 0.1 degC, ms. Current is positive in discharge.
 */
#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#define CELLS_MAX 512u
#define TEMPERATURES_MAX 512u
#define ALARMS_MAX 32u

/* One measured value. The driver says whether it is valid; whether it is fresh is the reader's question. */
typedef struct {
    int32_t value;
    uint32_t time_ms; /* when it was sampled */
    bool valid;
} sample_t;

/* Written by the port, from what the emulator measures. */
typedef struct {
    uint32_t cell_count;
    uint32_t temperature_count;
    sample_t cell_voltage_mV[CELLS_MAX];
    sample_t temperature_ddegC[TEMPERATURES_MAX];
    sample_t current_mA;
    sample_t string_voltage_mV;
    sample_t link_voltage_mV;
    uint32_t contactor_feedback; /* BMS_CONTACTOR_... */
    uint32_t digital_inputs;     /* BMS_INPUT_... */
} block_inputs_t;

/* Written by the port, from what the bank controller asks. */
typedef struct {
    uint32_t request; /* BMS_REQUEST_... */
    uint32_t flags;   /* BMS_COMMAND_... */
    uint32_t bank_action;
    double soc_min;
    double soc_max;
} block_command_t;

/* Largest, smallest and mean of many samples, and where they are, from 0. Written by measurement.c. */
typedef struct {
    bool known; /* at least one sample is usable */
    int32_t max;
    int32_t min;
    int32_t mean;
    uint32_t max_at;
    uint32_t min_at;
    uint32_t unusable_count; /* samples that are invalid or too old */
} extremes_t;

enum { LOST_VOLTAGE, LOST_TEMPERATURE, LOST_CURRENT, LOST_COUNT };

typedef struct {
    extremes_t cell_voltage_mV;
    extremes_t temperature_ddegC;
    bool current_known;
    int32_t current_mA;
    uint32_t lost_ms[LOST_COUNT]; /* for how long some measurement of a kind has been unusable */
} block_measured_t;

/* Written by alarms.c. */
typedef struct {
    uint32_t level[ALARMS_MAX];  /* by id: 0 none, 1 warning, 2 stop current, 3 trip */
    uint32_t source[ALARMS_MAX]; /* where it was last raised */
    uint32_t charge_level;       /* highest level that concerns charging */
    uint32_t discharge_level;
    bool trip; /* a level 3 is active, and stays so until its reset */
} block_alarms_t;

/* Written by contactors.c. */
typedef struct {
    uint32_t state;   /* BMS_STATE_... */
    uint32_t command; /* BMS_CONTACTOR_... */
    bool ready;
    bool unloading; /* about to open: no current, please */
    bool breaker_trip;
    bool precharge_failed; /* for one period, after the last try */
    uint32_t welded;       /* BMS_CONTACTOR_... that are closed and should not be */
    uint32_t stuck_open;   /* that are open and should not be */
    uint32_t connect_failure;
} block_contactors_t;

/* Written by soc.c. */
typedef struct {
    bool known;
    double soc;
    double soh;
    double throughput_Ah; /* in both directions, for the service log */
} block_soc_t;

/* Written by limits.c. */
typedef struct {
    int32_t charge_mA;
    int32_t discharge_mA;
} block_limits_t;

/* Written by balancing.c. */
typedef struct {
    uint8_t bleeds[CELLS_MAX];
} block_balancing_t;

typedef struct {
    block_inputs_t inputs;
    block_command_t command;
    block_measured_t measured;
    block_alarms_t alarms;
    block_contactors_t contactors;
    block_soc_t soc;
    block_limits_t limits;
    block_balancing_t balancing;
    uint32_t heartbeat; /* written by tasks.c */
} database_t;

extern database_t database;

#endif
