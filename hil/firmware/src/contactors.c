/* contactors.c: one function for each state, called once in a period. */
#include "contactors.h"

#include "bms_firmware.h"
#include "database.h"
#include "parameters.h"
#include "port.h"

#define SELF_TEST_MS 500u
#define FEEDBACK_MS 200u
#define PRECHARGE_DONE_MV 20000
#define PRECHARGE_DONE_MA 1000
#define PRECHARGE_TRIES 3u
#define PRECHARGE_PAUSE_MS 10000u
#define UNLOAD_MS 2000u
#define UNLOADED_MA 10000

#define NONE 0u
#define MAINS (BMS_CONTACTOR_NEGATIVE | BMS_CONTACTOR_POSITIVE)
#define ALL (MAINS | BMS_CONTACTOR_PRECHARGE)

contactors_memory_t contactors_memory;
static contactors_memory_t *const my = &contactors_memory;

static const char *const STATE_NAMES[] = {"init",  "self test", "standby",   "precharge",   "connected", "opening",
                                          "fault", "emergency", "safe lock", "maintenance", "shutdown"};

/* What precharging consists of: the coils that are energised, and what has to come true before the next step. */
enum { CLOSE_NEGATIVE, CHARGE_LINK, CLOSE_POSITIVE, RELEASE_PRECHARGE, STEP_COUNT };
static const uint32_t STEP_COMMANDS[STEP_COUNT] = {
    [CLOSE_NEGATIVE] = BMS_CONTACTOR_NEGATIVE,
    [CHARGE_LINK] = BMS_CONTACTOR_NEGATIVE | BMS_CONTACTOR_PRECHARGE,
    [CLOSE_POSITIVE] = ALL,
    [RELEASE_PRECHARGE] = MAINS,
};

static uint32_t feedback(void)
{
#ifdef MISTAKE_FEEDBACK_IGNORED
    return my->command; /* MISTAKE: what was commanded is taken for what happened */
#else
    return database.inputs.contactor_feedback & ALL;
#endif
}

static void command(uint32_t contactors)
{
    if (contactors != my->command) {
        my->command = contactors;
        my->mismatch_ms = 0;
    }
}

static void enter(uint32_t state)
{
    if (state != my->state) {
        port_log("%s -> %s", STATE_NAMES[my->state], STATE_NAMES[state]);
        my->state = state;
        my->state_ms = 0;
    }
}

static void enter_step(uint32_t step)
{
    my->step = step;
    my->step_ms = 0;
    command(STEP_COMMANDS[step]);
}

static void open_and_enter(uint32_t state)
{
    command(NONE);
    enter(state);
}

/* Asks for no current and opens when it has gone, or when it does not go. */
static void unload_and_enter(uint32_t state)
{
    my->after_opening = state;
    enter(BMS_STATE_OPENING);
}

static int32_t magnitude(int32_t value)
{
    return value < 0 ? -value : value;
}

static bool has_flag(uint32_t flag)
{
    return (database.command.flags & flag) != 0u;
}

static bool is_emergency(void)
{
    const uint32_t inputs = database.inputs.digital_inputs;
    return (inputs & (BMS_INPUT_EMERGENCY_STOP | BMS_INPUT_FIRE)) != 0u || database.command.bank_action >= 4u;
}

static bool must_disconnect(void)
{
    return database.command.request == BMS_REQUEST_DISCONNECT || !has_flag(BMS_COMMAND_ENABLED) ||
           has_flag(BMS_COMMAND_MAINTENANCE) || has_flag(BMS_COMMAND_MASTER_GONE) || database.command.bank_action >= 3u;
}

static bool may_connect(void)
{
    const bool current_forbidden = database.alarms.charge_level >= 2u && database.alarms.discharge_level >= 2u;
    return database.command.request == BMS_REQUEST_CONNECT && !must_disconnect() && !current_forbidden &&
           (database.inputs.digital_inputs & BMS_INPUT_BREAKER_CLOSED) != 0u;
}

static bool link_is_charged(void)
{
    const sample_t *string = &database.inputs.string_voltage_mV;
    const sample_t *link = &database.inputs.link_voltage_mV;
    return string->valid && link->valid && magnitude(string->value - link->value) <= PRECHARGE_DONE_MV &&
           database.measured.current_known && magnitude(database.measured.current_mA) <= PRECHARGE_DONE_MA;
}

static bool precharge_is_late(void)
{
#ifdef MISTAKE_PRECHARGE_NO_TIMEOUT
    return false; /* MISTAKE: the resistor burns while this waits */
#else
    return my->step == CHARGE_LINK && my->step_ms >= parameters.precharge_timeout_ms;
#endif
}

static void in_init(void)
{
    enter(BMS_STATE_SELF_TEST);
}

static void in_self_test(void)
{
    const bool measures = database.measured.cell_voltage_mV.known && database.measured.temperature_ddegC.known;
    if (my->state_ms >= SELF_TEST_MS && measures && database.measured.current_known) {
        enter(BMS_STATE_STANDBY);
    }
}

static void in_standby(void)
{
    if (has_flag(BMS_COMMAND_MAINTENANCE)) {
        enter(BMS_STATE_MAINTENANCE);
    } else if (!may_connect()) {
        my->tries = 0;
        my->pause_ms = 0;
    } else if (my->pause_ms == 0u && has_flag(BMS_COMMAND_JOIN_PERMITTED)) {
        my->tries++;
        enter(BMS_STATE_PRECHARGE);
        enter_step(CLOSE_NEGATIVE);
    }
}

static void fail_precharge(void)
{
    port_log("precharge try %u failed", (unsigned)my->tries);
    if (my->tries < PRECHARGE_TRIES) {
        my->pause_ms = PRECHARGE_PAUSE_MS;
        open_and_enter(BMS_STATE_STANDBY);
    } else {
        my->tries = 0;
        database.contactors.precharge_failed = true;
        open_and_enter(BMS_STATE_FAULT);
    }
}

static void in_precharge(void)
{
    const bool step_is_done = feedback() == my->command && (my->step != CHARGE_LINK || link_is_charged());
    if (must_disconnect()) {
        open_and_enter(BMS_STATE_STANDBY);
    } else if (precharge_is_late()) {
        fail_precharge();
    } else if (step_is_done && my->step + 1u < STEP_COUNT) {
        enter_step(my->step + 1u);
    } else if (step_is_done) {
        my->tries = 0;
        enter(BMS_STATE_CONNECTED);
    }
}

static void in_connected(void)
{
    if (must_disconnect()) {
        unload_and_enter(has_flag(BMS_COMMAND_MAINTENANCE) ? BMS_STATE_MAINTENANCE : BMS_STATE_STANDBY);
    }
}

static void in_opening(void)
{
    const bool unloaded = database.measured.current_known && magnitude(database.measured.current_mA) <= UNLOADED_MA;
    if (unloaded || my->state_ms >= UNLOAD_MS) {
        if (!unloaded) {
            port_log("opened under load, %ld mA", (long)database.measured.current_mA);
        }
        open_and_enter(my->after_opening);
    }
}

/* The latched alarm holds the rack here until its cause has gone and a reset was given. */
static void in_fault(void)
{
    if (!database.alarms.trip && !is_emergency()) {
        enter(BMS_STATE_STANDBY);
    }
}

static void in_maintenance(void)
{
    if (!has_flag(BMS_COMMAND_MAINTENANCE)) {
        enter(BMS_STATE_STANDBY);
    }
}

static void (*const STATES[])(void) = {
    [BMS_STATE_INIT] = in_init,           [BMS_STATE_SELF_TEST] = in_self_test,
    [BMS_STATE_STANDBY] = in_standby,     [BMS_STATE_PRECHARGE] = in_precharge,
    [BMS_STATE_CONNECTED] = in_connected, [BMS_STATE_OPENING] = in_opening,
    [BMS_STATE_FAULT] = in_fault,         [BMS_STATE_EMERGENCY] = in_fault,
    [BMS_STATE_MAINTENANCE] = in_maintenance,
};

/* What overrides every state. */
static void supervise(void)
{
    if (is_emergency()) {
        open_and_enter(BMS_STATE_EMERGENCY);
    } else if (!database.alarms.trip) {
        return;
    } else if (my->state == BMS_STATE_CONNECTED) {
        unload_and_enter(BMS_STATE_FAULT);
    } else if (my->state == BMS_STATE_OPENING) {
        my->after_opening = BMS_STATE_FAULT;
    } else if (my->state != BMS_STATE_EMERGENCY) {
        open_and_enter(BMS_STATE_FAULT);
    }
}

static void watch_feedback(uint32_t dt_ms)
{
    const uint32_t wrong = feedback() ^ my->command;
    my->mismatch_ms = wrong == 0u ? 0u : my->mismatch_ms + dt_ms;
    const uint32_t late = my->mismatch_ms > FEEDBACK_MS ? wrong : NONE;
    database.contactors.welded = late & ~my->command;
    database.contactors.stuck_open = late & my->command;
}

static uint32_t connect_failure(void)
{
    const uint32_t inputs = database.inputs.digital_inputs;
    if (!has_flag(BMS_COMMAND_ENABLED) || has_flag(BMS_COMMAND_MAINTENANCE)) {
        return 4u;
    }
    if ((inputs & BMS_INPUT_FUSE_INTACT) == 0u || (inputs & BMS_INPUT_BREAKER_CLOSED) == 0u) {
        return 5u;
    }
    return database.alarms.trip ? 8u : 0u;
}

static void publish(void)
{
    block_contactors_t *published = &database.contactors;
    published->state = my->state;
    published->command = my->command;
    published->ready = my->state == BMS_STATE_STANDBY && my->pause_ms == 0u && may_connect();
    published->unloading = my->state == BMS_STATE_OPENING;
    published->breaker_trip = my->state == BMS_STATE_EMERGENCY && published->welded != NONE;
    published->connect_failure = connect_failure();
}

void contactors_step(uint32_t dt_ms)
{
    database.contactors.precharge_failed = false;
    my->state_ms += dt_ms;
    my->step_ms += dt_ms;
    my->pause_ms -= my->pause_ms < dt_ms ? my->pause_ms : dt_ms;
    watch_feedback(dt_ms);
    supervise();
    STATES[my->state]();
    publish();
}
