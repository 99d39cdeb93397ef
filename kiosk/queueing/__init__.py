"""Services, queue numbers, wait estimates, and the ticket that carries a number to its resident.

May import: drivers.contract, kiosk.api, kiosk.clock, kiosk.journal.
"""
