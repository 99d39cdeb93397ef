"""Hardware. Knows devices; knows nothing of residents, cards as documents, or the office.

May import: drivers only. `drivers.contract` imports nothing of ours.
"""
