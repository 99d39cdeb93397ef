"""The roster: the centre's word on who works here, or nobody does."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.api import staff as s
from kiosk.journal.database import Transaction
from kiosk.people.policy import Denied
from kiosk.people.roster import RosterAuthority, RosterError
from sim.centre import OFFICE, Centre, keys
from tests.kiosk.staff.rig import ANI, BUDI, CENTRE_KEY, CITRA, desk

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
AUTHORITY = RosterAuthority(CENTRE_KEY, OFFICE, production=False)


def claims(**other: Any) -> dict[str, Any]:
    line = {"id": "ANI", "role": "officer", "key": "EfMcWhIDmZHnOua7binD6X958cydAKDKI0mXFCjLESY="}
    return {
        "iss": "centre-specimen",
        "aud": OFFICE,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(days=90)).timestamp()),
        "number": 1,
        "people": [line],
        **other,
    }


def roster(kind: str = "roster+jwt", sign: Callable[..., str] = keys.sign, **other: Any) -> str:
    return sign(claims(**other), kind)


def test_a_good_roster_names_people_roles_and_keys() -> None:
    read = AUTHORITY.verify(roster(), NOW)
    assert read.people["ANI"].role == "officer"
    assert len(read.people["ANI"].key) == 32


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (roster(aud="SPC02"), "another office"),
        (roster(exp=int(NOW.timestamp())), "expired"),
        (roster(iss="somebody"), "not a roster"),
        (roster(kind="prr+jwt"), "header"),
        (roster(number=0), "wrong form"),
        (roster(people=[{"id": "ANI", "role": "king", "key": ""}]), "wrong form"),
        (roster(people=[{"id": "ANI", "role": "officer", "key": "AAAA"}]), "no Ed25519 key"),
        (roster(people=[claims()["people"][0]] * 2), "twice"),
        (roster(people=[claims()["people"][0], claims()["people"][0] | {"id": "BUDI"}]), "twice"),
        (keys.forge(claims()), "not a roster"),
        ("", "not a roster"),
        ("a.b.c", "not a roster"),
        ("x" * 300_000, "too long"),
    ],
)
def test_any_other_is_refused_with_the_reason(token: str, why: str) -> None:
    with pytest.raises(RosterError, match=why):
        AUTHORITY.verify(token, NOW)


def test_a_changed_character_anywhere_is_found() -> None:
    token = roster()
    for place in range(0, len(token), 3):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(RosterError):
            RosterAuthority(CENTRE_KEY, OFFICE, production=False).verify(changed, NOW)


def test_production_takes_no_specimen() -> None:
    production = RosterAuthority(CENTRE_KEY, OFFICE, production=True)
    with pytest.raises(RosterError, match="specimen"):
        production.verify(Centre(lambda: NOW).roster, NOW)
    assert production.verify(roster(), NOW).number == 1


async def test_only_a_newer_roster_takes_the_place_of_the_one_in_force(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI, BUDI)
    old = here.centre.roster
    assert await here.people.accept(here.centre.employ([ANI, CITRA]))
    assert [one.id for one in await here.people.colleagues()] == ["ANI", "CITRA"]
    with pytest.raises(RosterError, match="in force"):
        await here.people.accept(old)
    assert not await here.people.accept(here.centre.roster)
    here.restart(1)
    with pytest.raises(RosterError, match="in force"):
        await here.people.accept(old)
    assert len(here.audited("roster_accepted")) == 2
    here.journal.close()


async def test_the_same_roster_from_the_centre_and_from_a_file_at_once_is_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await desk(tmp_path).open(ANI)
    read = here.journal.read

    async def as_from_a_thread(question: Callable[[Transaction], object]) -> object:
        answer = await read(question)
        await asyncio.sleep(0)  # the journal of a running kioskd answers later, and others go on meanwhile
        return answer

    monkeypatch.setattr(here.journal, "read", as_from_a_thread)
    new = here.centre.employ([ANI, BUDI])
    assert sorted(await asyncio.gather(here.people.accept(new), here.people.accept(new))) == [False, True]
    assert len(here.audited("roster_accepted")) == 2
    here.journal.close()


async def test_a_journal_that_was_changed_by_hand_makes_nobody_an_officer(tmp_path: Path) -> None:
    here = await desk(tmp_path).open(ANI)
    here.journal.write_now(lambda tx: tx.set_fact("roster", keys.forge(claims(number=9))))
    assert await here.people.colleagues() == []
    assert await here.people.accept(here.centre.employ([ANI]))
    here.journal.close()


async def test_who_has_left_is_named_when_he_tries_and_a_stranger_is_not(tmp_path: Path) -> None:
    """A name that no roster ever had may be a resident's number; one that a roster had is a colleague's."""
    here = await desk(tmp_path).open(ANI, BUDI)
    await here.people.accept(here.centre.employ([ANI]))

    for person in (BUDI.id, "3273010101900001"):
        asked = s.ChallengeRequest(person=person, operation="load_blanks", about="0" * 64)
        with pytest.raises(Denied, match="not on the roster"):
            await here.people.challenge(asked)

    assert [json.loads(body)["claimed"] for _, body in here.audited("staff_denied")] == [[BUDI.id], []]
    here.journal.close()
