"""The tear campaign: the power of a chip goes at every write of its personalisation, and kioskd dies at every commit of
its journal. `python -m tests.reliability.chip` plays it and says what was reached; docs/card-chip.md, "Torn".
"""
