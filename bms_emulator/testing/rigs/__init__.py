"""Rig files: what is under test, on which site, and how it is reached."""
