"""What a rig can drive: an emulated site, or a real battery that is read through a register map or topics."""
