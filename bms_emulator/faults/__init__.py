"""Faults as data: specifications, targets, kinds, and the fold of all active faults into the overlays of the models."""
