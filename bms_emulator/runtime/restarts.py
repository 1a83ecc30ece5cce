"""Pauses before what has failed is started again: services in a process, and processes."""

PAUSE_FIRST = 0.2
"""Between the failure of a service and its next start [s]; doubled at each failure in a row."""
PAUSE_LONGEST = 5.0
LIVED = 30.0
"""A service that ran this long had started well: its next pause is the first again [s]."""
