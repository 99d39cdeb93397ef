"""The simulated ticket dispenser: a motor, a roll of pre-printed tickets and an optic, on four wires."""
