"""The self-test that a technician runs: each line says what was asked and what it answered."""

from kiosk.api.messages import CheckResult, JournalReport, State
from kiosk.journal.timekeeper import TimeKeeper, TimeSource


def judge(state: State, journal: JournalReport, clock: TimeKeeper, *, filled: float, most: int) -> list[CheckResult]:
    """What `state`, `journal` and `clock`, asked just now, mean. `filled`: how full the journal's disk is, in percent;
    `most`: from where on no card is begun."""
    blanks, link = state.blanks, state.link
    return [
        CheckResult(name="journal", ok=journal.ok, detail=_journal(journal)),
        _clock(clock),
        CheckResult(name="disk", ok=filled < most, detail=f"{filled:.0f} % full"),
        CheckResult(
            name="blanks",
            ok=blanks.hopper >= 0 and blanks.unknown == blanks.missing == blanks.surplus == 0,
            detail=f"{blanks.hopper} in the hopper, {blanks.unknown} unknown, {blanks.missing} missing",
        ),
        CheckResult(
            name="daily close",
            ok=state.unclosed_day is None,
            detail=f"{state.unclosed_day} was not closed" if state.unclosed_day else "no earlier day is open",
        ),
        CheckResult(name="centre", ok=link.up, detail=f"{link.queued} events queued" if link.up else str(link.cause)),
        *(
            CheckResult(
                name=device.slot,
                ok=device.state in ("online", "busy") and not device.causes,
                detail=", ".join(device.causes) or device.state,
            )
            for device in state.devices
        ),
    ]


def _journal(journal: JournalReport) -> str:
    return "; ".join([*journal.problems, *journal.accepted]) or f"{journal.records} records"


def _clock(clock: TimeKeeper) -> CheckResult:
    boot, source, uncertainty = clock.mark().split()
    detail = f"start {boot}, time by {source}, wrong by at most {uncertainty} s"
    return CheckResult(name="clock", ok=clock.source is not TimeSource.NONE, detail=detail)
