"""A process that does nothing but write records into the real journal: `python -m tests.reliability.scribe FILE COUNT`.

After each record that the journal has acknowledged its number goes out on stdout, in one system call. It is the process
that killed.py lets die; nothing in it, in the journal or in the shipped SQLite knows of that.
"""

import os
import sys
from pathlib import Path

from kiosk.clock import SystemChance, WallClock
from kiosk.journal import acts, audit, outbox
from kiosk.journal.database import Journal, Transaction

STDOUT = 1


def record(tx: Transaction) -> int:
    """One more record, as a ticket leaves one: an act, an event for the centre, a sealed row. Its number."""
    number = tx.number("SELECT count(*) FROM audit") + 1
    acts.intend(tx, "print_slip", f"record-{number}")
    outbox.put(tx, "ticket_issued", number=number)
    audit.append(tx, audit.Event.TICKET_ISSUED, "resident", number=number)
    return number


def main(file: str, count: str) -> None:
    journal = Journal(Path(file), WallClock(), SystemChance(), threaded=False)
    for _ in range(int(count)):
        os.write(STDOUT, b"%d\n" % journal.write_now(record))
    journal.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
