"""The developer's workbench: a web page with the live touchscreen, the paper, the cards, and every fault as a button.

Beneath the page lies a JSON API (`sim.workbench.app`), which tests and the demo use in place of hands. May import
kiosk.api and nothing else of kiosk.
"""

from sim.workbench.app import create_app
from sim.workbench.bench import Bench, Programs, SimulatedDevice
from sim.workbench.mirror import Mirror, NoScreen, NoSuchAction

__all__ = ["Bench", "Mirror", "NoScreen", "NoSuchAction", "Programs", "SimulatedDevice", "create_app"]
