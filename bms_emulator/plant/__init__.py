"""The physical truth: cells, strings, bus, cooling and power conversion. Nobody but the sensors sees it."""
