"""PINs: none by default, no weak one, none in the clear, and no way to try more than five in a quarter of an hour."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.api import staff as s
from kiosk.people import pins
from kiosk.people.pins import Cost
from kiosk.people.policy import Denied, Operation
from sim.workbench.staff import credential
from tests.kiosk.staff.rig import ANI, BUDI, CHEAP, CITRA, DEWI, Desk, desk

WEAK = "|12345|1234567890123|12345a|१२३४५६|000000|123456|654321|890123|121212|123123|112233|135791|246802|11112222"


@pytest.mark.parametrize("pin", WEAK.split("|"))
def test_a_weak_pin_is_refused_with_the_reason(pin: str) -> None:
    wrong = pins.fault(pin)
    assert wrong is not None
    assert not pin or pin not in wrong


@given(st.text(alphabet="0123456789", min_size=6, max_size=12))
def test_what_is_taken_has_four_different_digits_and_is_no_row(pin: str) -> None:
    if pins.fault(pin) is None:
        assert len(set(pin)) >= 4
        assert pin not in "01234567890123456789"
        assert pin not in "98765432109876543210"


def test_nine_of_ten_pins_may_be_chosen() -> None:
    chosen = sum(pins.fault(f"{number:06d}") is None for number in range(0, 1_000_000, 97))
    assert chosen / len(range(0, 1_000_000, 97)) > 0.9


def test_the_real_cost_is_32_mib_of_memory_and_it_is_stored_with_the_hash() -> None:
    assert 128 * Cost().r * Cost().n == 32 * 2**20
    assert Cost().p >= 3


async def test_a_pin_is_kept_as_a_scrypt_hash_with_its_own_salt_and_cost(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI, BUDI)
    rows = here.journal.read_now(lambda tx: tx.rows("SELECT * FROM pin ORDER BY person"))
    assert [row["person"] for row in rows] == ["ANI", "BUDI"]
    assert rows[0]["salt"] != rows[1]["salt"]
    row = rows[0]
    cost = {name: row[name] for name in "nrp"}
    assert cost == {"n": CHEAP.n, "r": CHEAP.r, "p": CHEAP.p}
    assert row["hash"] == hashlib.scrypt(ANI.pin.encode(), salt=row["salt"], dklen=32, **cost)
    here.journal.close()


async def guess(here: Desk, pin: str) -> str:
    """One try at ANI's PIN by somebody who has her key: what the desk says."""
    request = here.request(Operation.CALL_NEXT)
    proof = await credential(ANI).prove(here.people, request, pin=pin)
    try:
        await here.people.prove(request.model_copy(update={"proofs": (proof,)}))
    except Denied as denied:
        return str(denied)
    return "in"


async def test_five_wrong_pins_lock_for_a_quarter_of_an_hour_and_the_right_one_does_not_help(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI)
    assert [await guess(here, "908172") for _ in range(4)] == [
        f"wrong PIN for ANI; {left} tries left" for left in (4, 3, 2, 1)
    ]
    assert await guess(here, ANI.pin) == "in"
    assert [await guess(here, "908172") for _ in range(5)][-1] == "wrong PIN for ANI; 0 tries left"
    assert "locked" in await guess(here, ANI.pin)
    assert [actor for actor, _ in here.audited("pin_locked")] == ["ANI"]
    await asyncio.sleep(pins.WINDOW.total_seconds() - 1)
    assert "locked" in await guess(here, ANI.pin)
    await asyncio.sleep(1)
    assert await guess(here, ANI.pin) == "in"
    here.journal.close()


async def test_a_guesser_with_power_cuts_gets_five_tries_in_any_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """700 guesses, every seventh cut off by the mains after the PIN was looked at and before that was written."""
    here = await desk(tmp_path).open(ANI)
    looked: list[float] = []
    looks = pins.matches

    class PowerCut(BaseException):
        pass

    def looked_at(row: object, pin: str) -> bool:
        looked.append(asyncio.get_running_loop().time())
        if len(looked) % 7 == 0:
            raise PowerCut
        return looks(row, pin)  # type: ignore[arg-type] # the row of the desk

    monkeypatch.setattr(pins, "matches", looked_at)
    for number in range(700):
        await asyncio.sleep(31)
        try:
            said = await guess(here, f"{908_000 + number}")
        except PowerCut:
            here.restart(number)
            continue
        assert said != "in"
    spent = asyncio.get_running_loop().time()
    assert all(later - earlier >= 900 for earlier, later in zip(looked, looked[5:], strict=False))
    assert len(looked) >= 5 * (spent // 900 - 1)  # who waits may try again: a lock is no sentence for life
    here.journal.close()


async def test_the_clock_set_back_gives_no_try_back(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI)
    await asyncio.sleep(86_400)
    for _ in range(5):
        await guess(here, "908172")
    here.journal.write_now(lambda tx: tx.run("UPDATE pin_try SET at = replace(at, '2026', '2030')"))
    assert "locked" in await guess(here, ANI.pin)
    here.journal.close()


async def test_without_the_key_nobody_gets_as_far_as_the_pin(tmp_path: Path) -> None:
    """So that nobody can lock a colleague out either."""
    here = await desk(tmp_path).open(ANI, BUDI)
    request = here.request(Operation.CALL_NEXT)
    for _ in range(6):
        proof = await s.Credential("ANI", BUDI.key, ANI.pin).prove(here.people, request)
        with pytest.raises(Denied, match="key"):
            await here.people.prove(request.model_copy(update={"proofs": (proof,)}))
    assert await guess(here, ANI.pin) == "in"
    here.journal.close()


async def test_a_pin_is_changed_with_the_old_one_only(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI)
    request = s.PinSet(request_id="change-pin", new_pin="602214")
    for old in ("", "908172"):
        proof = await credential(ANI).prove(here.people, request, pin=old)
        with pytest.raises(Denied, match="wrong PIN"):
            await here.people.set_pin(request.model_copy(update={"proofs": (proof,)}))
    proof = await credential(ANI).prove(here.people, request)
    await here.people.set_pin(request.model_copy(update={"proofs": (proof,)}))
    assert await guess(here, "602214") == "in"
    assert "wrong PIN" in await guess(here, ANI.pin)
    here.journal.close()


async def test_a_person_with_a_new_key_has_no_pin_until_he_sets_one(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI)
    here.centre.employ([type(ANI)("ANI", "officer", ANI.pin, BUDI.key)])
    await here.people.accept(here.centre.roster)
    request = here.request(Operation.CALL_NEXT)
    proof = await s.Credential("ANI", BUDI.key, ANI.pin).prove(here.people, request)
    with pytest.raises(Denied, match="has not set a PIN"):
        await here.people.prove(request.model_copy(update={"proofs": (proof,)}))
    here.journal.close()


async def test_a_forgotten_pin_is_cleared_by_two_others(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI, CITRA, DEWI)
    for _ in range(5):
        await guess(here, "908172")
    request = s.PinCleared(request_id="clear-ani", person="ANI", reason="forgot it over the holidays")
    mandate = await here.people.prove(await here.proven(request, CITRA, DEWI))
    await here.people.clear_pin(mandate, "ANI")
    assert "has not set a PIN" in await guess(here, ANI.pin)
    own = s.PinCleared(request_id="clear-own", person="CITRA", reason="forgot it over the holidays")
    mandate = await here.people.prove(await here.proven(own, CITRA, DEWI))
    with pytest.raises(Denied, match="own PIN"):
        await here.people.clear_pin(mandate, "CITRA")
    assert [actor for actor, _ in here.audited("pin_cleared")] == ["CITRA+DEWI"]
    here.journal.close()


async def test_no_pin_stands_in_journal_log_repr_or_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    here = await desk(tmp_path).open(ANI)
    await guess(here, "908172")
    assert await guess(here, ANI.pin) == "in"
    proof = s.Proof(person="ANI", nonce="0" * 32, signature="0" * 128, pin=ANI.pin)
    with pytest.raises(ValueError, match="pin") as wrong:
        s.Proof(person="ANI", nonce="0" * 32, signature="0" * 128, pin=f"{ANI.pin}x")
    shown = [repr(proof), repr(credential(ANI)), repr(ANI), str(wrong.value), caplog.text]
    shown.append(repr(s.PinSet(request_id="change-pin", new_pin=ANI.pin)))
    here.journal.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for pin in (ANI.pin, "908172"):
        assert all(pin not in text for text in shown)
        assert pin.encode() not in stored
