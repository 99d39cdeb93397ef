"""The demo: a ticket and a card without hands, on the real program, with pictures of what a resident sees."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.launcher.hand import DemoFailed, Hand, resident
from sim.launcher.machine import machine
from sim.launcher.options import Settings

SERVICE = "akta"
__all__ = ["DemoFailed", "play"]


@dataclass
class _Report:
    """What is written down on the way: pictures into `out`, seconds per step."""

    hand: Hand
    out: Path
    say: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)
    _mark: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    async def picture(self, name: str) -> None:
        """The touchscreen as it is now."""
        self.keep(f"screen-{name}.png", await self.hand.picture("/api/screen"))

    def keep(self, name: str, content: bytes) -> None:
        (self.out / name).write_bytes(content)

    def step(self, name: str) -> None:
        """`name` has just been reached."""
        now = asyncio.get_running_loop().time()
        self.seconds[name] = round(now - self._mark, 2)
        self._mark = now
        self.say(f"  {name:<10} {self.seconds[name]:6.2f} s")


async def play(out: Path, pace: float, say: Callable[[str], None]) -> None:
    """Writes ticket.png, card-front.png, screen-*.png and summary.json into `out`, which is emptied of them first.

    DemoFailed if a step does not come, or if the blanks do not add up.
    """
    _cleared(out)
    with tempfile.TemporaryDirectory(prefix="anjungan-demo-") as folder:
        settings = Settings(port=0, pace=pace, state=Path(folder) / "state", headless=True)
        try:
            async with machine(settings, say) as kiosk, resident(kiosk.house.address) as hand:
                summary = await _journeys(_Report(hand, out, say))
        except DemoFailed:
            _keep_logs(settings.state, out)
            raise
    _finished(out, summary, say)


def _cleared(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for pattern in ("screen-*.png", "ticket.png", "card-front.png", "summary.json", "*.log"):
        for old in out.glob(pattern):
            old.unlink()


def _keep_logs(state: Path, out: Path) -> None:
    for log in (state / "log").glob("*.log"):
        shutil.copy(log, out / log.name)


def _finished(out: Path, summary: dict[str, Any], say: Callable[[str], None]) -> None:
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    say(f"Written into {out}: {', '.join(sorted(path.name for path in out.iterdir()))}")


async def _journeys(report: _Report) -> dict[str, Any]:
    hand = report.hand
    await hand.until("kioskd and its screen", lambda now: now["kioskd"] is not None and now["screen"]["connected"])
    await hand.until("the approvals", lambda now: now["kioskd"]["link"]["up"] and now["kioskd"]["collecting"])
    await hand.shown("idle")
    before = hand.latest["kioskd"]["blanks"]
    report.step("start")
    await hand.redrawn()
    await report.picture("idle")

    report.say("A queue number")
    ticket = await _ticket(report)
    report.say("A finished card")
    serial = await _card(report)
    await hand.until("the books to balance", lambda now: now["kioskd"]["blanks"]["holder"] == 1)
    summary = {
        "ticket": ticket,
        "card": {"serial": serial, "outcome": "taken"},
        "blanks": {"before": before, "after": hand.latest["kioskd"]["blanks"]},
        "hardware": {name: hand.latest["world"][name] for name in ("hopper", "path", "hand", "reject")},
        "centre_was_told": sorted({event["kind"] for event in hand.latest["centre"]["events"]}),
        "seconds": report.seconds,
    }
    balanced(summary)
    return summary


async def _ticket(report: _Report) -> str:
    """J1: two touches. The number that was called."""
    hand = report.hand
    await hand.touch("ticket")
    await hand.shown("services")
    await report.picture("service")
    report.step("service")
    await hand.touch(f"service:{SERVICE}")
    await hand.shown("ticket")
    await hand.until("the paper", lambda now: now["world"]["slips"] == 1)
    await report.picture("ticket")
    report.keep("ticket.png", await hand.picture("/api/slips/1.png"))
    report.step("ticket")
    await hand.until("the centre's copy", lambda now: _told(now, "ticket_issued") is not None)
    issued = _told(hand.latest, "ticket_issued")
    await hand.touch("home")
    await hand.shown("idle")
    return str(issued["number"]) if issued else ""


async def _card(report: _Report) -> str:
    """J2: slip, finger, card. The serial of the card that was taken."""
    hand = report.hand
    person = hand.latest["people"][0]["nik"]
    await hand.touch("collect")
    await hand.shown("identify")
    await report.picture("scan")
    report.step("scan")
    await hand.post("slip", person=person)
    await hand.shown("finger")
    await report.picture("finger")
    report.step("finger")
    await hand.post("finger", person=person)
    await hand.shown("progress")
    await hand.until("the print", lambda now: (now["kioskd"]["collection"] or {}).get("step") == "print")
    await hand.redrawn()
    await report.picture("progress")
    await hand.post("finger", none=True)
    report.step("progress")
    await hand.shown("take_card")
    await report.picture("take")
    report.step("take")
    await hand.until("the card in the exit", lambda now: now["world"]["bezel"] == 1)
    serial = str((await hand.post("take-card"))["serial"])
    await hand.shown("done")
    await report.picture("done")
    report.keep("card-front.png", await hand.picture(f"/api/cards/{serial}.png"))
    report.step("done")
    await hand.until("the centre to know", lambda now: _told(now, "card_taken") is not None)
    return serial


def _told(snapshot: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """What the centre was told of this kind, last."""
    bodies = [event["body"] for event in snapshot["centre"]["events"] if event["kind"] == kind]
    return bodies[-1] if bodies else None


def balanced(summary: dict[str, Any]) -> None:
    """Blanks in = cards out + scrapped + left, in the ledger and in the simulated hardware."""
    after, there = summary["blanks"]["after"], summary["hardware"]
    ledger = (after["hopper"], after["holder"], after["reject"] + after["capture"])
    hardware = (there["hopper"], there["hand"], there["reject"])
    if ledger != hardware or after["loaded"] != sum(ledger) or there["path"]:
        raise DemoFailed(f"the blanks do not add up: ledger {after}, hardware {there}")
