"""Profiles: what a product is, as data with units and sources."""
