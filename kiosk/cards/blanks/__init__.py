"""What officers book of blanks: delivery, vault, hopper, bin, destruction, cases, and the count at the day's close.

Each is a function of a transaction that moves blanks, audits who did it and tells the centre, or raises BooksRefuse and
changes nothing. May import: kiosk.api, kiosk.cards.ledger, kiosk.people.policy and acts,
kiosk.journal.
"""


class BooksRefuse(Exception):
    """The books do not allow it; the text says what they hold and what can be done. It names nobody."""
