"""A technician with a reader on the table: kiosk card personalise, verify, read, through a real pcscd."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvicorn

from kiosk.clock import WallClock
from sim.card_encoder.pcsc import Simulator
from sim.centre import Centre, create_app
from sim.seam import vpcd
from sim.world import Card, Place, World
from tests.contract.pcscd import READER, private_pcscd


async def kiosk(url: str, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiosk.cli", "card", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "ANJUNGAN_CENTRE_URL": url},
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def table() -> AsyncIterator[tuple[str, Card]]:
    """A centre's address, and a blank card at the reader."""
    world = World()
    [card] = world.load_blanks(1)
    world.move(card, Place.CONTACTLESS)
    server = uvicorn.Server(
        uvicorn.Config(create_app(Centre(WallClock().now)), port=0, log_config=None, lifespan="off")
    )
    with private_pcscd() as daemon:
        tasks = [
            asyncio.create_task(vpcd.serve(Simulator(world, pace=0.0), "127.0.0.1", daemon.port)),
            asyncio.create_task(server.serve()),
        ]
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}", card
        finally:
            server.should_exit = True
            await tasks[1]
            tasks[0].cancel()
            with suppress(asyncio.CancelledError):
                await tasks[0]


@pytest.mark.wall
@pytest.mark.parametrize("size", ["S", "L"])
async def test_a_specimen_card_from_blank_to_verified(tmp_path: Path, size: str) -> None:
    profile = tmp_path / "bench.toml"
    profile.write_text(f'name = "bench"\nbase = "laptop-sim"\n[chip]\nsize = "{size}"\nkeys = "centre"\n')
    async with table() as (url, card):
        with_profile = ("--reader", READER, "--profile", str(profile))
        status, out, err = await kiosk(url, "personalise", *with_profile)
        assert (status, err) == (0, "")
        assert out == f"personalised, verified, secured: {card.chip['digest'].hex()}\n"
        assert card.chip["state"] == b"\x0f"

        for access in ((), ("--pace",)):
            status, out, err = await kiosk(url, "verify", *with_profile, *access)
            assert (status, err) == (0, "")
            assert out == "genuine: DG1, DG2, DG7, DG11, DG14, DG15, DG13 not shown to strangers; no copy\n"

        status, out, _ = await kiosk(url, "read", *with_profile, "--out", str(tmp_path / "card"))
        assert status == 0
        for name in ("0101", "0102", "011D"):
            assert (tmp_path / "card" / f"{name}.bin").read_bytes() == card.chip[f"ef:{name}"]

        status, out, err = await kiosk(url, "personalise", *with_profile)
        assert (status, out, len(err.splitlines())) == (2, "", 1)
        assert "not by this job" in err

        lines = ("I<IDNSPC0000014<<<<<<<<<<<<<<<", "8503127M<<<<<<0IDN<<<<<<<<<<<4", "BUDI<SPECIMEN<SANTOSO<<<<<<<<<")
        status, out, err = await kiosk(url, "verify", *with_profile, "--mrz", *lines)
        assert (status, out) == (2, "")
        assert "the printed zone does not open this chip" in err
