"""Fitting: a cell profile from measurements of a cell."""
