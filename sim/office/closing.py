"""The evening of a simulated day: two officers count what is there, close the day, and the checkers look what it found.

The officers are honest and see the physical world; whatever they count otherwise than the books must become a case.
"""

from kiosk.api import blanks as b
from kiosk.cards import ledger
from kiosk.cards.blanks import cases
from sim.office.house import House
from sim.world import Place


async def closed(house: House, *, vault: int, uncounted: int, pocketed: int) -> tuple[b.DayClosed, list[str]]:
    """The close, and what is wrong with it. `vault`: blanks that lie in the vault; `uncounted`: blanks that somebody
    put into the hopper past the books; `pocketed`: blanks that somebody took out of it."""
    world = house.world
    before = house.journal.post_mortem(ledger.balance)
    counted = b.Counted(hopper=len(world.at(Place.HOPPER)), bin=len(world.at(Place.REJECT)), vault=vault)
    request = b.CloseRequest(request_id="evening-count", counted=counted)
    close = await house.station.days.close(await house.signed(request))
    found = []
    hopper = next(one for one in close.counts if one.place is b.CasePlace.HOPPER)
    # An unknown card may be anywhere; in the hopper it looks like one too many.
    if not uncounted - pocketed <= hopper.difference <= uncounted - pocketed + before.unknown:
        found.append(f"the close sees {hopper.difference:+d} in the hopper: {uncounted} put in, {pocketed} taken out")
    if close.fed is None or close.fed.difference:
        found.append(f"the printer's counter and the books disagree: {close.fed}")
    after = house.journal.post_mortem(ledger.balance)
    missing = max(0, -hopper.difference)
    if after.missing != before.missing + missing:
        found.append(f"{before.missing} + {missing} blanks are missing, the books have {after.missing} in cases")
    places = {
        "hopper": (after.hopper, counted.hopper),
        "bin": (after.reject + after.capture + close.unknown_in_bin, counted.bin),
        "vault": (after.vault, vault),
    }
    for name, (booked, real) in places.items():
        if booked != real:
            found.append(f"after the close the {name} is booked {booked}, counted {real}")
    if not close.slip:
        found.append(f"the close is not on paper: {close.slip_cause}")
    return close, found


def untold(house: House) -> list[str]:
    """Open cases of which the centre was not told, once nothing is queued any more."""
    told = [event.body for event in house.centre.events if event.kind == "case_opened"]
    return [
        f"the centre was not told of case {case.case}"
        for case in house.journal.post_mortem(cases.open_cases)
        if not any(one["case"] == case.case and one["quantity"] == case.quantity for one in told)
    ]
