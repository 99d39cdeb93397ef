"""The self-test that a technician runs: each line says what was asked and what it answered."""

from kiosk.api.messages import CheckResult, JournalReport, State
from kiosk.journal.timekeeper import TimeKeeper, TimeSource

MEGABYTE = 1_000_000


def judge(state: State, journal: JournalReport, clock: TimeKeeper, *, free: int, needed: int) -> list[CheckResult]:
    """What `state`, `journal` and `clock`, asked just now, mean. `free` and `needed`: bytes on the journal's disk."""
    blanks, link = state.blanks, state.link
    return [
        CheckResult(name="journal", ok=journal.ok, detail="; ".join(journal.problems) or f"{journal.records} records"),
        _clock(clock),
        CheckResult(name="disk", ok=free >= needed, detail=f"{free // MEGABYTE} MB free"),
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


def _clock(clock: TimeKeeper) -> CheckResult:
    boot, source, uncertainty = clock.mark().split()
    detail = f"start {boot}, time by {source}, wrong by at most {uncertainty} s"
    return CheckResult(name="clock", ok=clock.source is not TimeSource.NONE, detail=detail)
