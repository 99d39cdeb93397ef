"""The lines that tell how the kiosk itself is, simulated."""
