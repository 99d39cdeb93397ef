"""A thousand canaries go through a whole office day; afterwards nobody finds one where it does not belong.

A canary is a word that occurs nowhere else: 250 invented people bring a NIK, a name, a birth place and an address each;
with them fly their fingers' templates, the cards' master key and the kiosk's own key. Their places are the columns of
`approval` that hold what the centre sent, and the key's file. Everything else that the kiosk wrote, logged, printed or
sent is searched, in UTF-8, UTF-16, hexadecimal and base64.
"""

import base64
import binascii
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.api import messages as m
from kiosk.cards.personalise.custody import TEST_MASTER
from kiosk.cards.record import CardRecord
from kiosk.journal.database import Transaction
from kiosk.journal.identity import FILE as KEY_FILE
from kiosk.station.refusal import Refused
from sim.centre.people import Person
from sim.clock import run
from sim.office import memo
from sim.office.day import OfficeDay
from sim.office.house import JOURNAL
from sim.office.people import crowd
from sim.office.plan import plan
from sim.office.record import DayRecord

SEED, RESIDENTS, PEOPLE = 4, 60, 250
MARK = "ZQKNR"
PLACES = frozenset(
    {("approval", column) for column in ("nik", "slip", "token", "sod")} | {("approval_record", "record")}
)
"""Tables and columns where personal data is at home until the card is taken."""


def shapes(word: bytes, text: bool = True) -> set[bytes]:
    """The word as it might hide: in several encodings, and within base64 at each of the three alignments."""
    plain = {word}
    if text:
        plain |= {word.decode().encode(code) for code in ("utf-16-le", "utf-16-be")} | {word.lower()}
    found = set(plain)
    for one in plain:
        found |= {binascii.hexlify(one), binascii.hexlify(one).upper()}
        for shift in range(3):
            whole = base64.b64encode(bytes(shift) + one + bytes(3))
            inner = whole[-(-shift * 4 // 3) : (shift + len(one)) * 4 // 3]
            found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class CanaryDay(OfficeDay):
    """All of PEOPLE but one have an approval; some of them come. That one types his NIK, and is refused."""

    canaries: list[Person]

    def _open_registry(self) -> None:
        super()._open_registry()
        more = crowd(PEOPLE)[len(self._house.centre.people) :]
        self._house.centre.people = [*self._house.centre.people, *more]
        self.canaries = self._house.centre.people
        for number, person in enumerate(self.canaries):
            person.record |= {
                "name": f"{MARK}{number:04d}A SPECIMEN",
                "birth_place": f"{MARK}{number:04d}B",
                "address": f"{MARK}{number:04d}C",
            }
        self._house.centre.clear()
        self._approved.clear()
        for visit in (visit for visit in self._day.visits if visit.service is None):
            person = self._people[visit.number]
            if jti := self._house.centre.set_approval(person.nik, visit.approval):
                self._approved[jti] = self._lines_of(person)
        for person in more[1:]:
            self._house.centre.set_approval(person.nik, "good")
        self._stranger = more[0]

    async def _load_blanks(self) -> None:
        first = not self._loads
        await super()._load_blanks()
        if first:
            request = m.CollectRequest(request_id="canary-0001", nik=self._stranger.nik)
            with pytest.raises(Refused):
                await self._house.station.collect(request)

    async def _settled(self) -> None:
        await super()._settled()
        self.rows = dict(self._house.journal.post_mortem(_rows))
        self.slips = [*self._house.world.slip_texts, *self._house.world.slips_retracted]
        self.sent = repr([(event.kind, event.body) for event in self._house.centre.events])
        self.taken = self._house.journal.post_mortem(
            lambda tx: {
                row["nik"]
                for row in tx.rows("SELECT nik FROM approval WHERE id NOT IN (SELECT approval FROM approval_record)")
            }
        )


def _rows(tx: Transaction) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Every column of every table, with all that it holds."""
    for table in [row["name"] for row in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]:
        rows = tx.rows(f'SELECT * FROM "{table}"')  # noqa: S608 - our own tables
        for column in rows[0].keys() if rows else ():
            values = [row[column] for row in rows]
            yield (table, column), b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in values)


def birds(day: CanaryDay, folder: Path) -> dict[str, set[bytes]]:
    """What is searched for. All words begin alike, so that a thousand are found as fast as a few."""
    templates = {finger.template for one in day.canaries for finger in CardRecord.model_validate(one.record).fingers}
    found = {
        "a name, birth place or address": shapes(MARK.encode()),
        "a NIK": set().union(*(shapes(person.nik[:12].encode()) for person in day.canaries)),
        "a template": set().union(*(shapes(bytes(template)[40:64], text=False) for template in templates)),
        "the cards' key": shapes(TEST_MASTER, text=False),
        "the kiosk's key": shapes((folder / KEY_FILE).read_bytes(), text=False),
    }
    return found


def hits(where: bytes, wanted: dict[str, set[bytes]]) -> list[str]:
    return [name for name, words in wanted.items() if any(word in where for word in words)]


async def _lived(folder: Path) -> tuple[CanaryDay, DayRecord]:
    day = CanaryDay(folder, plan(SEED, 0, RESIDENTS, cuts=True))
    return day, await day.live()


@pytest.mark.timeout(600)
def test_a_thousand_canaries_are_found_nowhere_but_in_their_place(tmp_path: Path) -> None:
    memo.use()
    told = io.StringIO()
    listener = logging.StreamHandler(told)
    listener.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        day, record = run(_lived(tmp_path), seed=SEED)
    finally:
        root.removeHandler(listener)
        root.setLevel(level)

    wanted = birds(day, tmp_path)
    assert len(day.canaries) * 4 == 1_000
    assert record.violations == []
    assert len(day.taken) >= 3
    at_home = {place for place, content in day.rows.items() if hits(content, wanted)}
    assert at_home <= PLACES, f"in the journal outside their place: {sorted(at_home - PLACES)}"
    assert ("approval_record", "record") in at_home  # the search does find them
    assert told.getvalue().count("\n") > 100
    assert hits(told.getvalue().encode(), wanted) == [], "in the log"
    assert len(day.slips) > 20
    assert hits("\n".join(day.slips).encode(), wanted) == [], "on a slip"
    assert hits(day.sent.encode(), wanted) == [], "in what the centre was sent"
    assert hits(repr(CardRecord.model_validate(day.canaries[0].record)).encode(), wanted) == [], "in a traceback"
    # Whose card is taken: not even in the pages that SQLite has set free.
    files = b"".join(path.read_bytes() for path in tmp_path.glob(f"{JOURNAL}*"))
    gone = [person for person in day.canaries if person.nik in day.taken]
    for person in gone:
        for word in ("name", "birth_place", "address"):
            assert not any(shape in files for shape in shapes(person.record[word].encode())), f"{word}, after the card"


@pytest.mark.parametrize("code", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_canary_is_recognised_in_every_disguise(code: str) -> None:
    for before in (b"", b"x", b"xy", b"xyz"):
        hidden = before + f"name {MARK}0017A SPECIMEN".encode(code)
        for shape in (hidden, hidden.hex().encode(), base64.b64encode(hidden), base64.urlsafe_b64encode(hidden)):
            assert hits(b"..." + shape + b"...", {"bird": shapes(MARK.encode())}) == ["bird"]
