"""The link to the central registry: approvals in, events out, and the truth about whether it works.

May import: kiosk.api, kiosk.cards, kiosk.journal, kiosk.clock.
"""
