"""The specimen office's people at a kiosk: they set their PINs on the first day, and prove themselves for each act."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from kiosk.api import staff as s
from sim.centre import Centre, Colleague

R = TypeVar("R", bound=s.Mandated)
PAIR = ("OFFICER-1", "OFFICER-2")
"""Who counts blanks, unless a story says otherwise."""


class Desk(s.Challenges, Protocol):
    """kioskd's people desk: over HTTP, or itself."""

    async def colleagues(self) -> list[s.Colleague]: ...
    async def set_pin(self, request: s.PinSet) -> None: ...


def credential(one: Colleague) -> s.Credential:
    return s.Credential(one.id, one.key, one.pin)


async def first_day(desk: Desk, staff: Iterable[Colleague]) -> None:
    """Everybody of `staff` who is on the kiosk's roster and has no PIN there sets it."""
    waiting = {one.id for one in await desk.colleagues() if not one.pin_set}
    for one in staff:
        if one.id in waiting:
            request = s.PinSet(request_id=f"first-day-{one.id}", new_pin=one.pin)
            proof = await credential(one).prove(desk, request, pin="")
            await desk.set_pin(request.model_copy(update={"proofs": (proof,)}))


async def signed(desk: Desk, centre: Centre, request: R, people: Sequence[str] = PAIR) -> R:
    """`request`, proven by these people of the centre's staff. They set their PINs first if they never did."""
    known = {one.id: one for one in centre.staff}
    named = [known[name] for name in people]
    await first_day(desk, named)
    return await s.proven(desk, request, [credential(one) for one in named])
