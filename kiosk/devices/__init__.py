"""From a hardware profile to a supervised machine: which driver sits in which slot, and how each device fares.

May import: kiosk.api, drivers.contract, drivers.transport. Drivers are loaded by the name that the profile gives, so
this room knows none of them. Never sim: a profile names a simulator as a transport (`sim:card-printer`), nothing more.
"""
