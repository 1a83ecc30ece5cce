"""Signals of contactors: what commands, auxiliary contacts, voltages and current say together.

Voltages tell less than one would like: on a bus that other racks hold, both sides of an open contactor have nearly the
same voltage. So these count as evidence of conduction: current; and the voltage of a link that was dead, once it rises
though only the negative contactor is sent closed. Evidence of no conduction is a voltage across closed contactors.
"""

from bms_emulator.jit import kernel, scalar
from bms_emulator.profile.signals import RACK_SIGNALS

_PRECHARGE_TIME = RACK_SIGNALS.index("precharge_time_s")
_PRECHARGE_CURRENT = RACK_SIGNALS.index("precharge_current_ratio")
_WELDED = RACK_SIGNALS.index("contactor_negative_welded")
_STUCK = RACK_SIGNALS.index("contactor_negative_stuck")
_FEEDBACK = RACK_SIGNALS.index("contactor_negative_feedback")
"""Of the negative contactor; those of the precharge and the positive one follow."""

_NEGATIVE, _PRECHARGE, _POSITIVE = range(3)
_CONTACTORS = 3

_DEAD, _LIVE = 0.5, 0.9
"""Link voltage relative to the string's below which the link is dead, and above which it is the string's."""


@kernel
def derive_contactor_signals(
    # model
    conducting_current,
    contact_voltage,
    precharge_resistance,
    # state
    precharge_time,
    link_dead,
    # inputs
    command,
    feedback,
    current,
    string_voltage,
    fuse_voltage,
    link_voltage,
    fuse_feedback,
    breaker_feedback,
    # out
    signals,
    sources,
    dt,
):
    """Signals of contactors and precharge, (rack, signal), in the order of RACK_SIGNALS.

    command is that of the last period, which the contactors have had time to follow; command and feedback (rack,
    contactor), the others (rack,). Comparisons with NaN fail: a reading that is not there is no evidence.
    """
    for r in range(current.shape[0]):
        signal = signals[r]
        negative = command[r, _NEGATIVE] != 0.0
        precharge = command[r, _PRECHARGE] != 0.0
        positive = command[r, _POSITIVE] != 0.0
        amps = abs(current[r])

        precharging = negative and precharge and not positive
        precharge_time[r] = precharge_time[r] + dt if precharging else 0.0
        signal[_PRECHARGE_TIME] = precharge_time[r]
        signal[_PRECHARGE_CURRENT] = amps * precharge_resistance / string_voltage[r] if precharging else 0.0

        conducts = amps >= conducting_current
        bridged = False
        if not negative and not precharge and not positive:
            link_dead[r] = 1.0 if link_voltage[r] < _DEAD * string_voltage[r] else 0.0
            expected = not conducts
        elif negative and positive:
            sound = fuse_feedback[r] != 0.0 and breaker_feedback[r] != 0.0
            expected = not (sound and abs(link_voltage[r] - fuse_voltage[r]) >= contact_voltage)
        elif negative and not precharge:
            risen = link_dead[r] != 0.0 and link_voltage[r] > _LIVE * string_voltage[r]
            bridged = conducts or risen
            expected = not bridged
        else:
            expected = True

        followed = True
        for k in range(_CONTACTORS):
            signal[_WELDED + k] = 0.0
            signal[_STUCK + k] = 0.0
            signal[_FEEDBACK + k] = 0.0
            if feedback[r, k] != command[r, k]:
                followed = False
        if not (followed and expected):
            judge_contactors(command[r], feedback[r], conducts, bridged, expected, signal, sources[r])


@scalar
def judge_contactors(command, feedback, conducts, bridged, expected, signal, source):
    """Which contactors are welded or stuck, and whose auxiliary contact is wrong."""
    closed_path = command[_NEGATIVE] != 0.0 and (command[_POSITIVE] != 0.0 or command[_PRECHARGE] != 0.0)
    for k in range(_CONTACTORS):
        source[_WELDED + k] = k + 1
        source[_STUCK + k] = k + 1
        source[_FEEDBACK + k] = k + 1
        # the precharge contactor is bridged by the positive one: current says nothing of it then
        in_path = k != _PRECHARGE or command[_POSITIVE] == 0.0
        reads_open = feedback[k] == 0.0
        if command[k] == 0.0 and not reads_open:
            signal[_WELDED + k] = 1.0
        if command[k] != 0.0 and reads_open:
            if conducts and closed_path and in_path:
                signal[_FEEDBACK + k] = 1.0
            else:
                signal[_STUCK + k] = 1.0

    open_path = command[_NEGATIVE] == 0.0 and command[_PRECHARGE] == 0.0 and command[_POSITIVE] == 0.0
    if open_path and conducts and feedback[_NEGATIVE] == 0.0:
        signal[_WELDED + _NEGATIVE] = 1.0
        signal[_FEEDBACK + _NEGATIVE] = 1.0
    if (bridged or (open_path and conducts)) and feedback[_PRECHARGE] == 0.0 and feedback[_POSITIVE] == 0.0:
        signal[_WELDED + _POSITIVE] = 1.0
        signal[_FEEDBACK + _POSITIVE] = 1.0
    if closed_path and not expected:  # a voltage across contactors that all read closed: it may be either pole
        for k in (_NEGATIVE, _POSITIVE):
            other = _POSITIVE if k == _NEGATIVE else _NEGATIVE
            if feedback[other] != 0.0:
                signal[_STUCK + k] = 1.0
