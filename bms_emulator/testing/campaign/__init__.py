"""Campaigns: faults at operating points or on random walks, run in great number; what was detected, what missed."""
