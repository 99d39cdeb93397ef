"""A people desk on a journal of its own, with a centre that signs rosters and people who have set their PINs."""

import base64
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.api import staff as s
from kiosk.cards.jws import CentreKey
from kiosk.journal.database import Journal
from kiosk.people.acts import spend
from kiosk.people.desk import PeopleDesk
from kiosk.people.pins import Cost
from kiosk.people.policy import Operation
from kiosk.people.roster import RosterAuthority
from sim.centre import OFFICE, PUBLIC_KEY_B64, Centre, Colleague
from sim.centre.staff import colleague
from sim.clock import OfficeClock, SeededChance
from sim.workbench.staff import credential, first_day

CHEAP = Cost(n=16, r=1, p=1)
REASON = "worn fingers, seen by both"
CENTRE_KEY = CentreKey("centre-specimen", Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY_B64)))
REQUESTS: dict[Operation, type[s.Mandated]] = {
    operation: type(f"Wants_{operation}", (s.Mandated,), {"OPERATION": operation.value, "__module__": __name__})
    for operation in Operation
}
"""A request for each operation of the policy, also for those that no message carries yet."""


@dataclass
class Desk:
    """`start` again on the same folder is a restart of kioskd."""

    folder: Path
    centre: Centre
    production: bool = False

    def start(self, seed: int = 0) -> "Desk":
        clock, chance = OfficeClock(), SeededChance(seed)
        self.journal = Journal(self.folder / "journal.sqlite", clock, chance, threaded=False)
        authority = RosterAuthority(CENTRE_KEY, OFFICE, production=self.production)
        self.people = PeopleDesk(self.journal, authority, "SPC01-K1", clock, chance, CHEAP)
        self.requests = count(1)
        return self

    def restart(self, seed: int) -> None:
        self.journal.close()
        self.start(seed)

    async def open(self, *staff: Colleague) -> "Desk":
        """These people work here, and have set their PINs."""
        self.centre.employ(list(staff))
        await self.people.accept(self.centre.roster)
        await first_day(self.people, staff)
        return self

    def request(self, operation: Operation, reason: str = REASON) -> s.Mandated:
        return REQUESTS[operation](request_id=f"request-{next(self.requests):06d}", reason=reason)

    async def proven(self, request: s.Mandated, *people: Colleague) -> s.Mandated:
        return await s.proven(self.people, request, [credential(one) for one in people])

    async def act(self, request: s.Mandated) -> str:
        """Does what the request asks for, as every act of staff is done; who did it."""
        mandate = await self.people.prove(request)
        return await self.journal.write(lambda tx: spend(tx, mandate, Operation(request.OPERATION), "test"))

    def audited(self, kind: str) -> list[tuple[str, str]]:
        """(actor, body) of the audit's records of this kind."""
        rows = self.journal.read_now(
            lambda tx: tx.rows("SELECT actor, body FROM audit WHERE kind = ? ORDER BY sequence", kind)
        )
        return [(row["actor"], row["body"]) for row in rows]

    def acts(self) -> int:
        return self.journal.read_now(lambda tx: tx.number("SELECT count(*) FROM staff_act"))


def desk(folder: Path) -> Desk:
    return Desk(folder, Centre(OfficeClock().now)).start()


ANI = colleague("ANI", "officer", "271828")
BUDI = colleague("BUDI", "officer", "314159")
CITRA = colleague("CITRA", "supervisor", "161803")
DEWI = colleague("DEWI", "supervisor", "577215")
EKO = colleague("EKO", "technician", "223606")
FAJAR = colleague("FAJAR", "technician", "264575")
GITA = colleague("GITA", "auditor", "173205")
HADI = colleague("HADI", "auditor", "360679")
EVERYBODY = (ANI, BUDI, CITRA, DEWI, EKO, FAJAR, GITA, HADI)
"""Two of each role."""
