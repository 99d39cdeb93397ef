"""J2: a resident scans his slip, lays down his finger and takes his card."""

from pathlib import Path

import pytest

from kiosk.api import messages as m
from sim.world import Place
from tests.journeys.office import office

pytestmark = pytest.mark.usefixtures("each_scanner", "each_encoder")


async def test_the_card_is_made_handed_out_and_told_to_the_centre(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        collection = await kiosk.scan_slip()
        assert collection.stage is m.Stage.FINGER

        ended = await kiosk.collect_to_the_end()

        assert ended.stage is m.Stage.DONE
        await kiosk.balanced(taken=1)
        [card] = kiosk.world.at(Place.HAND)
        assert card.prints == 1
        assert card.front is not None
        assert kiosk.resident.nik.encode() in b"".join(card.chip.values())
        [told] = await kiosk.told("card_taken")
        assert told["uid"] == card.uid.hex()


async def test_every_named_step_is_shown_in_order(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        seen: list[m.Step] = []

        def note() -> None:
            collection = kiosk.station.collector.collection if kiosk.station.collector else None
            if collection and collection.step and collection.step not in seen:
                seen.append(collection.step)

        kiosk.station.machine.watch(lambda slot, status: note())
        changed = kiosk.station.changed

        def noting() -> None:
            note()
            changed()

        assert kiosk.station.collector is not None
        kiosk.station.collector._changed = noting
        await kiosk.scan_slip()
        await kiosk.collect_to_the_end()

        assert seen == list(m.Step)


async def test_the_same_approval_never_gives_a_second_card(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        await kiosk.collect_to_the_end()

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.ALREADY_COLLECTED
        await kiosk.balanced(taken=1)


async def test_after_the_hand_over_nothing_personal_is_left_in_the_journal(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        person = kiosk.resident
        await kiosk.scan_slip()
        await kiosk.collect_to_the_end()
        await kiosk.die()

        kept = b"".join(path.read_bytes() for path in tmp_path.glob("journal.sqlite*"))
        assert person.name.encode() not in kept
        await kiosk.boot()


async def test_a_card_nobody_takes_is_taken_back_and_can_be_collected_later(tmp_path: Path) -> None:
    async with office(tmp_path) as kiosk:
        await kiosk.scan_slip()
        ended = await kiosk.collect_to_the_end(take=False)

        assert (ended.stage, ended.cause) == (m.Stage.CANNOT, m.Cause.CARD_NOT_TAKEN)
        await kiosk.balanced(taken=0, captured=1)

        await kiosk.scan_slip()
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await kiosk.balanced(taken=1, captured=1)


async def test_without_counted_blanks_no_card_is_begun(tmp_path: Path) -> None:
    async with office(tmp_path, blanks=0) as kiosk:
        kiosk.world.load_blanks(3)  # put in by one person, counted by nobody

        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.BLANKS_OUT
        assert len(kiosk.world.at(Place.HOPPER)) == 3
