"""A chip whose power goes at any write, under a kioskd that dies at any commit, is never half a document."""

import pytest

from kiosk.cards.jobs import JobBook
from sim.card_encoder.memory import Cut
from sim.card_encoder.reader import Reader
from tests.reliability.chip.bench import play
from tests.reliability.chip.campaign import all_cases, branches, campaign, replay_line, replayed, report
from tests.reliability.chip.cases import MAINS, Case

AT_LEAST = 2_000


@pytest.mark.timeout(900)
def test_no_tear_leaves_a_half_card_and_every_row_of_the_recovery_table_is_reached() -> None:
    todo = all_cases()
    crossed = {case for case in todo if case.write and case.commit}
    assert len(crossed) >= AT_LEAST, "a tear of the chip and a death of kioskd in each"

    findings = campaign(todo)

    print(report(findings))
    assert not findings.failed, report(findings)
    assert not findings.unreached, report(findings)
    assert findings.cases == len(set(todo))
    assert findings.torn >= AT_LEAST
    assert findings.deaths >= AT_LEAST


def test_every_write_of_the_chip_and_every_commit_of_the_journal_is_struck() -> None:
    """The numbers to which the campaign counts are those of an undisturbed job, and one past them strikes nothing."""
    plain = play(Case())
    assert (plain.ended, plain.violations) == ("taken", [])
    assert play(Case(plain.writes, Cut.BEFORE)).torn == 1
    assert play(Case(plain.writes + 1, Cut.BEFORE)).torn == 0
    for side in ("before", "after"):
        assert play(Case(commit=plain.commits, side=side)).deaths == 1
        assert play(Case(commit=plain.commits + 1, side=side)).deaths == 0


def test_a_case_replays_from_its_line() -> None:
    case = Case(21, Cut.MIX, MAINS, commit=4, side="after")
    assert play(case) == replayed(replay_line(case).split("'")[1])


def test_the_judge_sees_a_chip_that_can_be_read_before_it_is_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "may_read", lambda reader, number, right: True)
    torn = play(Case(17, Cut.HALF, MAINS))
    assert any("half written" in fault for fault in torn.violations)


def test_a_journal_that_forgets_what_was_promised_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished chip whose answer was lost is then taken for somebody else's: no harm, but a blank and a row less."""
    case = Case(play(Case()).writes - 4, Cut.AFTER, MAINS)  # the commit; the four after it end the card's production
    row = "committed by this job: read back only, after kioskd died"
    assert row in branches(case, play(case))

    async def nothing(book: JobBook, job: object) -> tuple[bytes, ...]:
        return ()

    monkeypatch.setattr(JobBook, "promised", nothing)
    assert row not in branches(case, play(case)), "and a campaign that misses a row fails"
