"""A reader that knows only the standards: reads a chip as any border or bank would, and believes only signatures.

It shares no code with what wrote the chip: imports nothing of kiosk.cards but itself (held by import-linter). ASN.1 is
asn1crypto's, ciphers cryptography's, points of curves ecdsa's. May import: drivers.contract.
"""
