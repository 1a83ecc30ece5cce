"""Tests of batteries, BMS and EMS: benches, rigs, scenarios, campaigns, records, reports, and a plugin for pytest."""
