"""All that can be booked of blanks, in any order and by anybody, with refusals: the books stay whole.

A model counts beside the books. After every step: each account holds what the model says, all accounts together are 0,
a chip number or a lot position is in one place and came there from where it was, and no end ever gives one back.
"""

from collections import Counter, defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kiosk.api.blanks import CaseKind, CasePlace, Counted
from kiosk.cards import ledger
from kiosk.cards.blanks import BooksRefuse, cases, stock
from kiosk.cards.blanks.cases import IN
from kiosk.cards.blanks.reckoning import reckon
from kiosk.cards.ledger import ENDS, Account
from kiosk.journal.database import Journal
from kiosk.people.policy import Operation
from sim.clock import SeededChance
from tests.kiosk.blanks.books import OFFICERS, WITNESSES, card, facts, mandate
from tests.reliability.path import workshop

FEW = st.integers(1, 10)
PLACES = st.sampled_from(CasePlace)
COUNTABLE = (CasePlace.HOPPER, CasePlace.BIN, CasePlace.VAULT, CasePlace.SPOILED)
MACHINE = (Account.HOLDER, Account.REJECT, Account.REJECT, Account.CAPTURE, Account.UNKNOWN)
DAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class Ticking:
    """A second for each question."""

    def __init__(self) -> None:
        self._asked = 0

    def now(self) -> datetime:
        self._asked += 1
        return DAY + timedelta(seconds=self._asked)


class Books(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(dir=workshop())
        self.journal = Journal(Path(self._folder.name) / "j.sqlite", Ticking(), SeededChance(1), threaded=False)
        self.model: Counter[Account] = Counter()
        self.ends: dict[Account, int] = dict.fromkeys(ENDS, 0)
        self.uid = 0
        self.refused = 0
        self.lot_end = 0

    def teardown(self) -> None:
        self.journal.close()
        self._folder.cleanup()

    def _do(self, act: Any, *moves: tuple[Account, Account, int], good: bool) -> None:
        """`act` must be accepted if it is `good`, and then do these moves; else refused, and do none."""
        try:
            self.journal.write_now(act)
        except BooksRefuse:
            assert not good
            self.refused += 1
            return
        assert good
        for start, end, quantity in moves:
            self.model[start] -= quantity
            self.model[end] += quantity

    # -- what officers do ----------------------------------------------------------------------------------------
    @initialize()
    def opening(self) -> None:
        self._do(
            lambda tx: ledger.load(tx, 20, mandate(Operation.LOAD_BLANKS)),
            (Account.CENTRE, Account.HOPPER, 20),
            good=True,
        )
        self.receive(10)
        self.receive_positions(10, again=False)

    @rule(quantity=FEW)
    def receive(self, quantity: int) -> None:
        self._do(
            lambda tx: stock.receive(tx, quantity, mandate(Operation.RECEIVE_BLANKS), note="SJ"),
            (Account.CENTRE, Account.VAULT, quantity),
            good=True,
        )

    @rule(quantity=FEW, again=st.booleans())
    def receive_positions(self, quantity: int, again: bool) -> None:
        """The lot goes on where it ended; or, wrongly, once more from its last position."""
        again = again and self.lot_end > 0
        first = self.lot_end if again else self.lot_end + 1
        self._do(
            lambda tx: stock.receive(tx, quantity, mandate(Operation.RECEIVE_BLANKS), note="SJ", lot="L1", first=first),
            (Account.CENTRE, Account.VAULT, quantity),
            good=not again,
        )
        self.lot_end += 0 if again else quantity

    @rule(quantity=FEW, first=st.none() | st.integers(1, 14), out=st.booleans())
    def carry(self, quantity: int, first: int | None, out: bool) -> None:
        """Vault to hopper or back, by position or not. What the positions allow, the books themselves say."""
        start, end = (Account.HOPPER, Account.VAULT) if out else (Account.VAULT, Account.HOPPER)
        act, operation = (stock.unload, Operation.UNLOAD_BLANKS) if out else (stock.load, Operation.LOAD_BLANKS)
        named = self._positions()[start]
        wanted = set(range(first, first + quantity)) if first is not None else set()
        if first is None:
            good = quantity <= self.model[start] - (len(named) if start is Account.VAULT else 0)
        else:
            good = wanted <= named
        self._do(
            lambda tx: act(tx, quantity, mandate(operation), lot=None if first is None else "L1", first=first),
            (start, end, quantity),
            good=good and quantity <= self.model[start],
        )

    @rule(counted=st.integers(0, 12), trust=st.booleans())
    def empty_bin(self, counted: int, trust: bool) -> None:
        held = self.model[Account.REJECT] + self.model[Account.CAPTURE]
        counted = held if trust else counted
        self._do(
            lambda tx: stock.empty_bin(tx, counted, mandate(Operation.EMPTY_BIN)),
            *((account, Account.SPOILED, self.model[account]) for account in stock.BIN),
            good=counted == held > 0,
        )

    @rule(counted=st.integers(0, 12), trust=st.booleans(), bin_too=st.booleans(), alone=st.booleans())
    def destroy(self, counted: int, trust: bool, bin_too: bool, alone: bool) -> None:
        sources = (Account.SPOILED, *(stock.BIN if bin_too else ()))
        held = sum(self.model[account] for account in sources)
        counted = held if trust else counted
        witnesses = WITNESSES[:1] if alone else WITNESSES
        self._do(
            lambda tx: stock.destroy(
                tx,
                counted,
                mandate(Operation.DESTROY_BLANKS),
                minutes="BA",
                witnesses=witnesses,
                bin_too=bin_too,
            ),
            *((account, Account.DESTROYED, self.model[account]) for account in sources),
            good=counted == held > 0 and not alone,
        )

    @rule(kind=st.sampled_from((CaseKind.MISSING, CaseKind.SURPLUS)), place=PLACES, quantity=st.integers(1, 6))
    def open_case(self, kind: CaseKind, place: CasePlace, quantity: int) -> None:
        moves: list[tuple[Account, Account, int]] = []
        if kind is CaseKind.SURPLUS:
            good = place in COUNTABLE
            moves = [(Account.SURPLUS, IN[place][0], quantity)] if good else []
        else:
            left = quantity
            for account in IN.get(place, ()):
                gone = min(left, max(self.model[account], 0))
                moves.append((account, Account.MISSING, gone))
                left -= gone
            good = left == 0
        self._do(lambda tx: cases.report(tx, kind, place, quantity, mandate(Operation.OPEN_CASE)), *moves, good=good)

    @rule(case=st.integers(1, 6), where=PLACES, quantity=st.integers(1, 6))
    def settle(self, case: int, where: CasePlace, quantity: int) -> None:
        one = self._case(case)
        good = one is not None and one.closed is None and quantity <= one.open and where in COUNTABLE
        moves: list[tuple[Account, Account, int]] = []
        if one is not None and good:
            account = IN[where][0]
            if one.kind is CaseKind.MISSING:
                moves = [(Account.MISSING, account, quantity)]
            else:
                good = where != one.place and quantity <= self.model[account]
                moves = [(account, Account.SURPLUS, quantity)]
        self._do(lambda tx: cases.settle(tx, case, quantity, where, mandate(Operation.SETTLE_CASE)), *moves, good=good)

    @rule(case=st.integers(1, 6))
    def write_off(self, case: int) -> None:
        one = self._case(case)
        good = one is not None and one.closed is None
        moves: list[tuple[Account, Account, int]] = []
        if one is not None and good:
            missing = one.kind is CaseKind.MISSING
            start, end = (Account.MISSING, Account.WRITTEN_OFF) if missing else (Account.CENTRE, Account.SURPLUS)
            moves = [(start, end, one.open)]
        self._do(lambda tx: cases.write_off(tx, case, "BA", mandate(Operation.WRITE_OFF_CASE)), *moves, good=good)

    @precondition(lambda self: self.model[Account.HOPPER] >= 0)
    @rule(errors=st.tuples(*[st.sampled_from((0, 0, 0, -1, 1, 2))] * 4))
    def count_at_closing(self, errors: tuple[int, ...]) -> None:
        """After the count the books hold what was counted, but for unknown cards that lie in the bin."""
        real = {place: sum(self.model[account] for account in IN[place]) for place in COUNTABLE}
        seen = {place: max(0, real[place] + error) for place, error in zip(COUNTABLE, errors, strict=True)}
        counted = Counted(
            hopper=seen[COUNTABLE[0]], bin=seen[COUNTABLE[1]], vault=seen[COUNTABLE[2]], spoiled=seen[COUNTABLE[3]]
        )
        found, in_bin = self.journal.write_now(lambda tx: reckon(tx, counted, "+".join(OFFICERS)))
        self.model = Counter(self.journal.read_now(ledger.sums))
        for one in found:
            booked = sum(self.model[account] for account in IN[one.place])
            assert booked + (in_bin if one.place is CasePlace.BIN else 0) == one.counted
            unexplained = one.difference - (in_bin if one.place is CasePlace.BIN else 0)
            assert (one.case is None) == (unexplained == 0)

    # -- what the machine does -----------------------------------------------------------------------------------
    @rule(ends=st.lists(st.tuples(st.sampled_from(MACHINE), st.booleans()), min_size=1, max_size=8))
    def cards(self, ends: list[tuple[Account, bool]]) -> None:
        """Cards one after another, with their chips read or not. The hopper may hold more than was counted in, so the
        machine is never refused."""
        for end, read in ends:
            self.uid += 1
            uid = f"04{self.uid:06x}" if read or end is Account.HOLDER else None
            self._do(partial(card, end=end, uid=uid), (Account.HOPPER, end, 1), good=True)

    # -- what must hold ------------------------------------------------------------------------------------------
    @invariant()
    def the_books_hold_what_the_model_says(self) -> None:
        now = self.journal.read_now(ledger.sums)
        assert now == {account: self.model[account] for account in Account}
        assert sum(now.values()) == 0
        assert all(now[account] >= 0 for account in Account if account not in (
            Account.CENTRE, Account.SURPLUS, Account.HOPPER
        ))  # fmt: skip
        blanks = self.journal.read_now(ledger.balance)
        kept = blanks.model_dump(exclude={"loaded", "surplus"})
        assert blanks.loaded + blanks.surplus == sum(kept.values())
        for end in ENDS:
            assert now[end] >= self.ends[end]
            self.ends[end] = now[end]

    @invariant()
    def nothing_is_in_two_places(self) -> None:
        where: dict[Any, str] = {}
        for row in self.journal.read_now(lambda tx: facts(tx, "blank_move")):
            names: list[Any] = [] if row["uid"] is None else [row["uid"]]
            if row["first"] is not None:
                names += range(row["first"], row["first"] + row["quantity"])
            for name in names:
                assert where.get(name, row["from_account"]) == row["from_account"]
                where[name] = row["to_account"]

    @invariant()
    def open_cases_hold_what_is_missing(self) -> None:
        found = self.journal.read_now(cases.open_cases)
        for kind, account in ((CaseKind.MISSING, Account.MISSING), (CaseKind.SURPLUS, Account.SURPLUS)):
            assert sum(one.open for one in found if one.kind is kind) == abs(self.model[account])

    # ------------------------------------------------------------------------------------------------------------
    def _case(self, number: int) -> Any:
        with suppress(BooksRefuse):
            return self.journal.read_now(lambda tx: cases.case_of(tx, number))
        return None

    def _positions(self) -> dict[Account, set[int]]:
        where: dict[int, Account] = {}
        for row in self.journal.read_now(lambda tx: facts(tx, "blank_move")):
            if row["first"] is not None:
                for position in range(row["first"], row["first"] + row["quantity"]):
                    where[position] = Account(row["to_account"])
        found: dict[Account, set[int]] = defaultdict(set)
        for position, account in where.items():
            found[account].add(position)
        return found


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
