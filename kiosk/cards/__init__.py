"""Card jobs: the approval, the blank, the chip, the face, the hand-over, and what is done after a power cut.

May import: kiosk.api, kiosk.biometrics, kiosk.journal, kiosk.clock, kiosk.fonts, drivers.contract. Never sim, never a
driver.
"""
