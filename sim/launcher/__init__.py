"""Starts the whole kiosk on simulators: the world, the centre and the workbench here, kioskd and the screen beside it.

Hardware outlives the program: kioskd can be killed at any moment, and the cards stay where they are. Of kiosk, only
kiosk.api is imported; kioskd and the screen are separate processes, started as anybody would start them.
"""

from sim.launcher.commands import demo, kiosk

__all__ = ["demo", "kiosk"]
