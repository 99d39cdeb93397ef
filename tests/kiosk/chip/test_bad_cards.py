"""A card that cannot become this resident's: named in the journal, in the reject bin, and the next blank is taken."""

import base64
import io
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from kiosk.cards.chip import ChipError, ChipReason
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import software_keys
from kiosk.cards.personalise.desk import ChipDesk
from kiosk.cards.personalise.writer import FINAL, Job, Writer, worth_another_run
from sim.card_encoder.memory import Cut
from sim.clock import OfficeClock, SeededChance
from tests.kiosk.chip.bench import UID, Hand
from tests.kiosk.people import photo, resident
from tests.reliability.chip.bench import HOLDER, plan, play, signer
from tests.reliability.chip.cases import MAINS, Case
from tests.reliability.chip.judge import COUNTRY


@pytest.mark.parametrize(
    ("card", "named", "runs"),
    [
        ("foreign", "chip: other_card", 1),
        ("locked", "chip: locked", 1),
        ("other keys", "chip: authentication", 1),
        ("small", "chip: too_small", 1),
        ("dead", "chip: no_card", 0),
        ("mute", "chip: dead", 1),
        ("worn", "chip: memory", 3),
    ],
)
def test_a_card_that_is_no_good_is_named_rejected_and_replaced(card: str, named: str, runs: int) -> None:
    """Also: a card with other keys is asked once (twice would be a violation), and nothing is answered to it."""
    story = play(Case(card=card))

    assert (story.fate, story.reason, story.runs) == ("scrapped", named, runs)
    assert story.ended == "taken", "with the next blank"
    assert story.violations == [], "the rejected card is in the bin, and the ledger says so"


def test_another_card_in_the_slot_is_not_touched_and_people_are_called() -> None:
    story = play(Case(9, Cut.MIX, MAINS, then="swapped"))

    assert (story.ended, story.fate, story.reason) == ("needs_staff", "unknown", "chip: another card at the station")
    assert story.violations == []


async def _nobody(digest: bytes) -> None:
    """Nothing is promised here."""


@pytest.mark.parametrize(
    ("status", "reason"),
    [("6983", ChipReason.LOCKED), ("6A88", ChipReason.AUTHENTICATION), ("6581", ChipReason.MEMORY)],
)
async def test_a_chip_that_opens_no_session_says_why(status: str, reason: ChipReason) -> None:
    hand = Hand(hook=lambda apdu: bytes.fromhex(status) if apdu[1] == 0x50 else None)
    with pytest.raises(ChipError) as caught:
        await Writer(software_keys(SeededChance(1)), signer(), _nobody).write(hand, Job(plan(HOLDER, "short"), UID))
    assert caught.value.reason is reason
    assert worth_another_run(caught.value) is (reason not in FINAL)


async def test_files_that_fit_no_chip_of_the_layout_are_refused_before_the_first_is_written() -> None:
    whole = layout.load("nid-td1")
    tiny = whole.model_copy(update={"sizes": {"S": whole.sizes["S"].model_copy(update={"capacity": 800})}})
    hand = Hand()
    job = Job(replace(plan(HOLDER, "short"), layout=tiny), UID)
    with pytest.raises(ChipError) as caught:
        await Writer(software_keys(SeededChance(1)), signer(), _nobody).write(hand, job)
    assert caught.value.reason is ChipReason.TOO_SMALL
    assert not any(apdu[1] == 0xE2 for apdu in hand.sent)


def test_a_photo_too_large_for_the_chip_is_made_to_fit_or_named_before_a_blank_is_fed() -> None:
    desk = ChipDesk(
        software_keys(SeededChance(1)), lambda approval: signer(), COUNTRY, layout.load("nid-td1"), "S",
        OfficeClock(), SeededChance(1),
    )  # fmt: skip
    large = photo()
    assert len(large) > 100_000
    assert len(desk.plan(resident(photo=base64.b64encode(large))).groups(None)[2]) <= 2_010
    with pytest.raises(ValidationError, match="photo"):  # so the approval that brings it is refused
        resident(photo=base64.b64encode(bytes(400_001)))

    for hopeless in (_bomb(), b"\xff\xd8\xff\xe0 no picture"):
        with pytest.raises(ChipError) as caught:
            desk.plan(resident(photo=base64.b64encode(hopeless)))
        assert caught.value.reason is ChipReason.RECORD


def _bomb() -> bytes:
    """A few kilobytes that would be 400 million dots."""
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()
