"""Validation: what the models say, row by row against what others have measured, solved or published."""
