"""Who works here and what each may do: roles, credentials, and the two-person rule.

`policy` is the one table of what staff can do. `desk` is the only place that turns proofs into a Mandate, which every
act of staff takes as an argument, as every physical act takes an IntentId. Imports kiosk.journal, kiosk.api and
kiosk.cards.jws.
"""
