"""Drivers of lines that tell how the kiosk itself is; one folder for each kind of source."""
