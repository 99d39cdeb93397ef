"""The serial console: field staff plug in a cable and ask the kiosk how it is, also when the screen or kioskd is dead.

May import: kiosk.api, nothing else of ours. Shows nothing personal; nothing here can move a card or change a record.
"""
