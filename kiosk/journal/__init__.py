"""The durable record: one SQLite file with the audit chain, the outbox, the acts and the ledger. The only writer of truth.

May import: kiosk.clock. Everybody in kiosk but the clients may import it.
"""
