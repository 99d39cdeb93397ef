"""The self-test that a technician runs: each line says what was asked and what it answered."""

from typing import TYPE_CHECKING

from kiosk.api.messages import CheckResult

if TYPE_CHECKING:
    from kiosk.station.station import Station

MEGABYTE = 1_000_000


async def self_test(station: "Station") -> list[CheckResult]:
    """Asks everything now; moves no card and prints nothing, so that it can be run while residents wait."""
    results = []
    report = await station.verify_journal()
    results.append(
        CheckResult(name="journal", ok=report.ok, detail="; ".join(report.problems) or f"{report.records} records")
    )
    free = station.journal.free_bytes() // MEGABYTE
    results.append(CheckResult(name="disk", ok=free >= station.profile.limits.disk_free_mb, detail=f"{free} MB free"))
    await station.machine.refresh()
    state = await station.state()
    blanks = state.blanks
    ok = blanks.hopper >= 0 and blanks.unknown == 0
    results.append(CheckResult(name="blanks", ok=ok, detail=f"{blanks.hopper} in the hopper, {blanks.unknown} unknown"))
    detail = f"{state.link.queued} events queued" if state.link.up else str(state.link.cause)
    results.append(CheckResult(name="centre", ok=state.link.up, detail=detail))
    for device in state.devices:
        ok = device.state in ("online", "busy") and not device.causes
        results.append(CheckResult(name=device.slot, ok=ok, detail=", ".join(device.causes) or device.state))
    return results
