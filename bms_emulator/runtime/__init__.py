"""The running emulator: the tick, the loop that drives it, and the processes around it."""
