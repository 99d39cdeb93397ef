"""The central registry, simulated: people, signed approvals, per-service authorisation, outages on command.

A real HTTP service with a memory. Everybody in it is invented and marked SPECIMEN; its signing key is public.
Imports nothing of kiosk, so that the two sides of the interface can only agree by the bytes on the line.
"""

from sim.centre.app import create_app
from sim.centre.keys import PUBLIC_KEY_B64
from sim.centre.line import Line
from sim.centre.people import OFFICE, Person
from sim.centre.registry import Centre
from sim.centre.staff import Colleague
from sim.centre.transport import CentreTransport

__all__ = [
    "OFFICE",
    "PUBLIC_KEY_B64",
    "Centre",
    "CentreTransport",
    "Colleague",
    "Line",
    "Person",
    "create_app",
]
