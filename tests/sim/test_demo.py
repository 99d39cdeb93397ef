"""`make demo`: what it leaves behind, and that it cannot claim a success it did not see."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import zxingcpp
from PIL import Image

from sim.launcher import demo
from sim.launcher.demo import DemoFailed, balanced
from sim.launcher.hand import Hand

SCREENS = ("idle", "service", "ticket", "scan", "finger", "progress", "take", "done")


@pytest.mark.wall
def test_the_demo_leaves_pictures_and_a_summary_that_adds_up(tmp_path: Path) -> None:
    assert demo(["--out", str(tmp_path), "--pace", "0.05"]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ticket"] == "D-001"
    assert summary["card"]["outcome"] == "taken"
    before, after = summary["blanks"]["before"], summary["blanks"]["after"]
    assert before["hopper"] == after["hopper"] + after["holder"] + after["reject"]
    assert after["holder"] == summary["hardware"]["hand"] == 1
    assert set(summary["seconds"]) >= {"ticket", "finger", "done"}
    for name in SCREENS:
        with Image.open(tmp_path / f"screen-{name}.png") as picture:
            assert picture.size == (540, 960)
    with Image.open(tmp_path / "card-front.png") as face:
        assert face.size == (1016, 648)
    with Image.open(tmp_path / "ticket.png") as ticket:
        assert [found.text for found in zxingcpp.read_barcodes(ticket.convert("L"))], "the ticket can be scanned"


def showing(screen: str, *actions: str) -> httpx.MockTransport:
    """A workbench that shows one thing and says no more."""
    model = {"screen": screen, "actions": [{"id": name} for name in actions]}
    said = {"screen": {"model": model, "frame": 1}, "kioskd": None}

    async def stream() -> AsyncIterator[bytes]:
        yield f"data: {json.dumps(said)}\n\n".encode()

    return httpx.MockTransport(lambda _: httpx.Response(200, content=stream()))


@pytest.mark.wall
async def test_a_step_that_does_not_come_is_told_with_what_was_there_instead() -> None:
    async with httpx.AsyncClient(transport=showing("cannot", "home"), base_url="http://bench") as http:
        hand = Hand(http)
        await hand.look()
        with pytest.raises(DemoFailed, match=r"take_card.*on the screen: cannot, buttons: home; kioskd: not running"):
            await hand.shown("take_card")


def test_blanks_that_do_not_add_up_fail_the_demo() -> None:
    after = {"loaded": 40, "hopper": 38, "holder": 1, "reject": 0, "capture": 0}
    there = {"hopper": 38, "hand": 1, "reject": 0, "path": []}
    with pytest.raises(DemoFailed, match="add up"):
        balanced({"blanks": {"after": after}, "hardware": there})
