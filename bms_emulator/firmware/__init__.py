"""From measurements to decisions: the firmware contract and the firmware that fulfils it."""
