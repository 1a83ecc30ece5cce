/*
 * bms_firmware.h: how a BMS firmware for one rack is put into the loop of the BMS emulator.
 *
 * Include this header, define the functions at its end, and build a shared library:
 *
 *     cc -shared -fPIC -o libmybms.so mybms.c
 *     bms-emulator firmware check libmybms.so
 *     bms-emulator run --firmware "rack[1]=libmybms.so"
 *
 * Each instance runs in a process of its own, so static variables are its own too. In every period the emulator calls
 * bms_step once. The library has no clock and no threads: time comes in as an argument, and the same inputs in the same
 * order must give the same outputs.
 *
 * All quantities are in SI units: V, A, K (not degrees Celsius), Ohm, Pa, kg/s, W, J, s. Currents and powers are
 * positive in discharge. Positions count from 0 in here, from 1 in what the emulator shows.
 */
#ifndef BMS_FIRMWARE_H
#define BMS_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A library with another major version is refused; a higher minor version only adds at the end of the structs. */
#define BMS_ABI_MAJOR 1u
#define BMS_ABI_MINOR 0u
#define BMS_ABI_VERSION ((BMS_ABI_MAJOR << 16) | BMS_ABI_MINOR)

#if defined(__GNUC__)
#define BMS_EXPORT __attribute__((visibility("default")))
#else
#define BMS_EXPORT
#endif

/* One measured value. */
typedef struct bms_measurement {
    double value;       /* SI unit; NaN where valid is 0 */
    uint32_t age_ms;    /* since it was sampled; UINT32_MAX is long ago */
    uint32_t valid;     /* 1 or 0 */
} bms_measurement;

/* Bits of contactor_feedback and contactor_command. */
enum {
    BMS_CONTACTOR_NEGATIVE = 1u << 0,  /* main contactor, minus */
    BMS_CONTACTOR_PRECHARGE = 1u << 1, /* beside the plus contactor, in series with the precharge resistor */
    BMS_CONTACTOR_POSITIVE = 1u << 2   /* main contactor, plus */
};

/* Bits of digital_inputs. */
enum {
    BMS_INPUT_FUSE_INTACT = 1u << 0,
    BMS_INPUT_BREAKER_CLOSED = 1u << 1,
    BMS_INPUT_INTERLOCK_CLOSED = 1u << 2,
    BMS_INPUT_EMERGENCY_STOP = 1u << 3, /* 1: pressed, or its loop is broken */
    BMS_INPUT_DOOR_OPEN = 1u << 4,
    BMS_INPUT_WATER = 1u << 5,
    BMS_INPUT_SMOKE = 1u << 6,
    BMS_INPUT_HEAT = 1u << 7,
    BMS_INPUT_GAS = 1u << 8,
    BMS_INPUT_FIRE = 1u << 9, /* the fire panel is in its second level */
    BMS_INPUT_CHILLER_FAULT = 1u << 10
};

/* Bits of cmu_faults, one word for each pack. */
enum {
    BMS_CMU_COMMUNICATION = 1u << 0, /* the unit does not answer: its measurements age */
    BMS_CMU_INTEGRITY = 1u << 1,     /* checksums or self-tests fail */
    BMS_CMU_OPEN_WIRE = 1u << 2
};

/* Values of request. */
enum { BMS_REQUEST_NONE = 0, BMS_REQUEST_CONNECT = 1, BMS_REQUEST_DISCONNECT = 2 };

/* Bits of flags in bms_command. */
enum {
    BMS_COMMAND_ENABLED = 1u << 0,           /* the rack may be connected at all */
    BMS_COMMAND_JOIN_PERMITTED = 1u << 1,    /* it is this rack's turn to join the bus */
    BMS_COMMAND_MAINTENANCE = 1u << 2,       /* open, and stay so for maintenance */
    BMS_COMMAND_ALARM_RESET = 1u << 3,       /* for one period: reset alarms whose cause has gone */
    BMS_COMMAND_SERVICE_RESET = 1u << 4,     /* for one period: reset locks */
    BMS_COMMAND_BALANCING_ENABLED = 1u << 5, /* the cells may be balanced */
    BMS_COMMAND_MASTER_LOST = 1u << 6,       /* the bank controller misses its master's heartbeat: limits to 0 */
    BMS_COMMAND_MASTER_GONE = 1u << 7        /* it has been missing for so long that racks open */
};

/* Values of mode and of requests to the chiller. */
enum { BMS_CHILLER_STANDBY = 0, BMS_CHILLER_CIRCULATION = 1, BMS_CHILLER_COOLING = 2, BMS_CHILLER_HEATING = 3 };
#define BMS_CHILLER_NO_REQUEST 255u /* leaves it to the bank controller */

/* What the bank controller and its masters ask of the rack. */
typedef struct bms_command {
    uint32_t sequence; /* of the masters' last write */
    uint32_t age_ms;   /* since then */
    uint32_t request;  /* BMS_REQUEST_... that stands */
    uint32_t flags;    /* BMS_COMMAND_... */
    uint32_t heartbeat;/* the master's, as last written */
    uint32_t bank_action; /* 0 none, 1 derate, 2 stop current, 3 open, 4 open at once: alarms of the container */
    double soc_min;    /* reserves of the state of charge, 0 to 1 */
    double soc_max;
} bms_command;

/* What a firmware knows in one period. Read only. */
typedef struct bms_inputs {
    uint32_t struct_size; /* sizeof(bms_inputs) of the emulator; never less than what this header's major version says */
    uint32_t cell_count;
    uint32_t temperature_count;
    uint32_t pack_count; /* cells and temperatures are shared out evenly over the packs, in their order */

    const bms_measurement *cell_voltages;     /* [cell_count] V */
    const bms_measurement *temperatures;      /* [temperature_count] K */
    const uint32_t *cmu_faults;               /* [pack_count] BMS_CMU_... */

    bms_measurement current;        /* A, positive in discharge */
    bms_measurement current_second; /* A, a second sensor */
    bms_measurement string_voltage; /* V, on the cell side of fuse and contactors */
    bms_measurement fuse_voltage;   /* V, between fuse and contactors */
    bms_measurement link_voltage;   /* V, DC bus, outside the contactors */
    bms_measurement insulation_positive; /* Ohm against earth; invalid while the monitor is off */
    bms_measurement insulation_negative; /* Ohm */
    bms_measurement terminal_temperature; /* K */
    bms_measurement coolant_supply_temperature; /* K */
    bms_measurement coolant_return_temperature; /* K */
    bms_measurement coolant_flow;     /* kg/s */
    bms_measurement coolant_pressure; /* Pa */
    bms_measurement ambient_temperature; /* K */
    bms_measurement dew_point;        /* K */
    bms_measurement supply_voltage;   /* V */

    uint32_t contactor_feedback; /* BMS_CONTACTOR_..., 1 closed */
    uint32_t digital_inputs;     /* BMS_INPUT_... */
    uint32_t chiller_mode;       /* BMS_CHILLER_... that it reports */
    uint32_t controller_faults;  /* what the hardware finds wrong: bit 0 configuration, 1 persistent memory, 2 clock,
                                    3 watchdog, 4 duplicate id, 5 communication, 6 insulation monitor */
    bms_command command;
} bms_inputs;

/* Values of state. */
enum {
    BMS_STATE_INIT = 0,
    BMS_STATE_SELF_TEST = 1,
    BMS_STATE_STANDBY = 2,
    BMS_STATE_PRECHARGE = 3,
    BMS_STATE_CONNECTED = 4,
    BMS_STATE_OPENING = 5,
    BMS_STATE_FAULT = 6,
    BMS_STATE_EMERGENCY = 7,
    BMS_STATE_SAFE_LOCK = 8,
    BMS_STATE_MAINTENANCE = 9,
    BMS_STATE_SHUTDOWN = 10
};

#define BMS_NO_SOURCE 0xffffffffu

/* An active alarm. */
typedef struct bms_alarm {
    uint32_t id;     /* as named in the "alarms" of bms_describe */
    uint32_t level;  /* 1 warning, 2 stop current, 3 trip */
    uint32_t source; /* cell, pack or contactor, from 0; BMS_NO_SOURCE is the rack */
    uint32_t reserved;
} bms_alarm;

/* Bits of flags in bms_outputs. */
enum {
    BMS_OUTPUT_READY = 1u << 0,              /* could join the bus if it were permitted to */
    BMS_OUTPUT_BREAKER_TRIP = 1u << 1,       /* trips the rack's breaker; a hand must close it again */
    BMS_OUTPUT_INSULATION_MONITOR = 1u << 2, /* lets the rack's insulation monitor measure */
    BMS_OUTPUT_LATCHED = 1u << 3             /* an alarm awaits its reset */
};

/*
 * What a firmware decides in one period. The emulator sets struct_size, counts, capacities and pointers, and clears all
 * else to 0 before each call; limits of 0 and open contactors are therefore what a firmware says that says nothing.
 */
typedef struct bms_outputs {
    uint32_t struct_size; /* the emulator's on entry; write sizeof(bms_outputs) of your own build */
    uint32_t cell_count;
    uint32_t alarm_capacity;
    uint32_t log_capacity;

    uint8_t *balancing; /* [cell_count] 1 bleeds the cell; nothing else is allowed but 0 */
    bms_alarm *alarms;  /* [alarm_capacity] */
    char *log;          /* [log_capacity] text for the emulator's log, UTF-8; lines end with \n */

    uint32_t alarm_count; /* entries of alarms in use */
    uint32_t log_length;  /* bytes of log in use */
    uint32_t contactor_command; /* BMS_CONTACTOR_..., 1 energises the coil */
    uint32_t flags;             /* BMS_OUTPUT_... */
    uint32_t state;             /* BMS_STATE_... */
    uint32_t heartbeat;         /* anything that changes while the firmware runs */
    uint32_t chiller_request;   /* BMS_CHILLER_... or BMS_CHILLER_NO_REQUEST */
    uint32_t connect_failure;   /* SunSpec 803: 0 none, 2 ground, 3 voltage, 4 disabled, 5 fuse, 6 contactor, 7 precharge,
                                   8 fault */

    double charge_current_limit;    /* A, >= 0, continuous */
    double discharge_current_limit; /* A, >= 0 */
    double charge_current_limit_60s;    /* A, >= 0, for the next 60 s; not less than the continuous one */
    double discharge_current_limit_60s; /* A, >= 0 */
    double charge_power_limit;      /* W, >= 0 */
    double discharge_power_limit;   /* W, >= 0 */
    double charge_power_limit_60s;    /* W, >= 0 */
    double discharge_power_limit_60s; /* W, >= 0 */

    double soc;           /* 0 to 1 */
    double soh;           /* 0 to 1, of capacity */
    double soe_charge;    /* J until full */
    double soe_discharge; /* J until empty */
} bms_outputs;

/* Values of kind in bms_reset. */
enum { BMS_RESET_POWER_ON = 0, BMS_RESET_WATCHDOG = 1, BMS_RESET_SOFT = 2 };

typedef void *bms_handle;

/* Required. */

/* BMS_ABI_VERSION of the header that the library was built with. */
BMS_EXPORT uint32_t bms_abi_version(void);

/*
 * Writes a JSON object as text with a final 0 into buf and returns its length without that; where len is too small,
 * nothing but the length is given. Keys:
 *     "name", "version"      texts
 *     "period_ms"            between two calls of bms_step; must divide the tick, or be a multiple of it
 *     "watchdog_ms"          silence after which the emulator makes the outputs safe; 1000 where missing
 *     "cells", "temperatures" [least, most] that it supports; any where missing
 *     "alarms"               {"1": "cell_overvoltage", ...}: names by id
 */
BMS_EXPORT int32_t bms_describe(char *buf, int32_t len);

/*
 * Makes the one instance of this process. config is a JSON object: the keys of "config" in the site's profile, and
 * "cell_count", "temperature_count", "pack_count", "rated_capacity_ah", "rated_current_a", "container", "rack".
 * blob is what bms_persistent last gave, or NULL. Returns NULL where it cannot.
 */
BMS_EXPORT bms_handle bms_create(const char *config, const void *blob, size_t blob_len);

/* Returns 0, or an error number, which is an event. Everything but persistent memory starts anew. */
BMS_EXPORT int32_t bms_reset(bms_handle handle, uint32_t kind);

/* One period. t_ns is the time at its end since the start; dt_ns its length. Returns 0, or an error number. */
BMS_EXPORT int32_t bms_step(bms_handle handle, uint64_t t_ns, uint64_t dt_ns, const bms_inputs *in, bms_outputs *out);

/* Writes what would be in the EEPROM to buf, and returns its length; where len is too small, only the length. */
BMS_EXPORT int64_t bms_persistent(bms_handle handle, void *buf, size_t len);

BMS_EXPORT void bms_destroy(bms_handle handle);

/* Optional: the whole state of the instance, for snapshots. Both or none. */

/* As bms_persistent. */
BMS_EXPORT int64_t bms_snapshot_save(bms_handle handle, void *buf, size_t len);

/* Returns 0, or an error number. */
BMS_EXPORT int32_t bms_snapshot_load(bms_handle handle, const void *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif
