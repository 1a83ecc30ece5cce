"""The reference firmware: racks and bank controllers of a site, all numbers from its profile."""
