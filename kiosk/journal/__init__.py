"""The durable record: one SQLite file with audit chain, outbox, acts and ledger. Nothing else writes the truth.

May import: kiosk.clock. Everybody in kiosk but the clients may import it.
"""
