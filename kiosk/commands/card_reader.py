"""What a technician does with one card in a reader: personalise it with the specimen person, read it, verify it.

The same rooms as a resident's card goes through, on any PC/SC reader. Commands: `kiosk card personalise|read|verify`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx

from drivers.contract.card_encoder import CardChannel, CardEncoder
from drivers.contract.errors import DeviceError
from kiosk.cards import mrz
from kiosk.cards.chip import ChipError, read_uid
from kiosk.cards.personalise.desk import ChipDesk, Lines
from kiosk.cards.personalise.writer import RUNS, Job, worth_another_run
from kiosk.cards.specimen import specimen
from kiosk.cards.stranger.reader import Access, Content
from kiosk.centre.cards import CentreSigner
from kiosk.centre.link import TIMEOUT
from kiosk.clock import SystemChance, WallClock
from kiosk.devices.loading import driver_module
from kiosk.devices.profile import Profile
from kiosk.station.chips import chip_desk

DRIVER = "pcsc"
APPROVAL = "SPECIMEN"
"""The approval under which the centre signs specimen chips."""


def printed() -> Lines:
    """The three lines that the specimen person's card shows."""
    return mrz.lines(mrz.zone_of(specimen()))


async def personalise(profile: Profile, name: str) -> bytes:
    """Writes the specimen person to a blank card, reads it back as a stranger, ends its production; the digest. A card
    that stutters is begun again twice at most; one that an earlier command has finished is refused."""
    async with _card(profile, name) as channel, _desk(profile) as desk:
        job = Job(desk.plan(specimen()), await read_uid(channel), approval=APPROVAL)
        promised: list[bytes] = []

        async def promise(digest: bytes) -> None:
            promised.append(digest)

        for run in range(1, RUNS + 1):
            try:
                digest = await desk.write(channel, APPROVAL, replace(job, promised=tuple(promised)), promise)
                await desk.prove(channel, job)
                return digest
            except (ChipError, DeviceError) as error:
                if run == RUNS or not worth_another_run(error):
                    raise
                await channel.reset()
        raise AssertionError("every run ends above")


async def read(profile: Profile, name: str, lines: Lines, access: Access) -> Content:
    """Everything that a stranger with the printed lines may read. NotGenuine if it does not hold."""
    async with _card(profile, name) as channel, _desk(profile) as desk:
        return await desk.read(channel, lines, access)


def save(content: Content, folder: Path) -> None:
    """Each file under its identifier."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in content.files.items():
        (folder / f"{file:04X}.bin").write_bytes(data)


@asynccontextmanager
async def _desk(profile: Profile) -> AsyncIterator[ChipDesk]:
    async with httpx.AsyncClient(base_url=profile.centre.url, timeout=TIMEOUT) as http:
        signer = partial(CentreSigner, http, profile.office.id)
        desk = chip_desk(profile, http, signer, WallClock(), SystemChance())
        try:
            yield desk
        finally:
            await desk.close()


@asynccontextmanager
async def _card(profile: Profile, name: str) -> AsyncIterator[CardChannel]:
    """The chip at the PC/SC reader of this name. Virtual readers only with a profile of simulators."""
    module = driver_module("card_encoder", DRIVER)
    options = module.Options(simulator=profile.simulated)
    encoder: CardEncoder = module.Driver(module.link(f"pcsc:{name}"), options=options)
    await encoder.start()
    try:
        channel = await encoder.open()
        try:
            yield channel
        finally:
            await channel.close()
    finally:
        await encoder.stop()
