"""The kiosk's hardware made of software, byte for byte, and the registry behind it.

Never imports a driver's code (both would share one mistake), nor kiosk outside sim/office and sim/workbench.
"""
