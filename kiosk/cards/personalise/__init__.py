"""Personalising a chip: the files of a person, the secure channel to the card, the order of writes.

The keys of the channel are never here: `custody` names who holds them. `kiosk.cards.stranger` reads the result back and
imports nothing of this room. May import: kiosk.cards, kiosk.biometrics, drivers.contract.
"""
