"""What a technician does with one card in a reader: personalise it with the specimen person, read it, verify it.

The same rooms as a resident's card goes through, on any PC/SC reader. Commands: `kiosk card personalise|read|verify`.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from cryptography import x509

from drivers.contract.card_encoder import CardChannel, CardEncoder
from kiosk.cards import mrz
from kiosk.cards.chip import read_uid
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import KeyCustody, LocalKeys, software_keys
from kiosk.cards.personalise.files import Plan
from kiosk.cards.personalise.token import token_cmac
from kiosk.cards.personalise.writer import Job, Writer
from kiosk.cards.specimen import specimen
from kiosk.cards.stranger import reader
from kiosk.cards.stranger.passive import NotGenuine
from kiosk.cards.stranger.reader import Access, Content
from kiosk.centre.cards import CentreKeys, CentreSigner
from kiosk.centre.link import TIMEOUT
from kiosk.clock import SystemChance, WallClock
from kiosk.devices.loading import driver_module
from kiosk.devices.profile import Profile

DRIVER = "pcsc"
APPROVAL = "SPECIMEN"
"""The approval under which the centre signs specimen chips."""
Lines = tuple[str, str, str]


def printed() -> Lines:
    """The three lines that the specimen person's card shows."""
    return mrz.lines(mrz.zone_of(specimen()))


async def personalise(profile: Profile, name: str) -> bytes:
    """Writes the specimen person to a blank card, reads it back as a stranger, ends its production; the digest."""
    async with _card(profile, name) as channel, httpx.AsyncClient(base_url=profile.centre.url, timeout=TIMEOUT) as http:
        signer = CentreSigner(http, profile.office.id, APPROVAL)
        writer = Writer(_custody(profile, http), signer, _promised)
        plan = Plan(layout.load(profile.chip.layout), profile.chip.size, specimen())
        job = Job(plan, await read_uid(channel))
        digest = await writer.write(channel, job)
        await _read(profile, channel, printed(), Access.BAC)
        await writer.secure(channel, job)
        return digest


async def read(profile: Profile, name: str, lines: Lines, access: Access) -> Content:
    """Everything that a stranger with the printed lines may read. NotGenuine if it does not hold."""
    async with _card(profile, name) as channel:
        return await _read(profile, channel, lines, access)


def save(content: Content, folder: Path) -> None:
    """Each file under its identifier."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in content.files.items():
        (folder / f"{file:04X}.bin").write_bytes(data)


async def _promised(digest: bytes) -> None:
    """A specimen card has no job in the journal: a run that was cut off shows itself by the chip's own state."""


async def _read(profile: Profile, channel: CardChannel, lines: Lines, access: Access) -> Content:
    if not profile.chip.country:
        raise NotGenuine("the profile names no chip.country, so nobody's signature is believed")
    country = x509.load_der_x509_certificate(base64.b64decode(profile.chip.country))
    return await reader.read(channel, lines, country, WallClock().now(), SystemChance(), access=access)


def _custody(profile: Profile, http: httpx.AsyncClient) -> KeyCustody:
    """Who holds the keys, as the profile says."""
    match profile.chip.keys, profile.chip.token:
        case "software", _:
            return software_keys(SystemChance())
        case "token", token if token is not None:
            pin = Path(token.pin_file).read_text("utf-8").strip()
            return LocalKeys(token_cmac(token.module, token.label, pin, token.key), SystemChance())
    return CentreKeys(http, profile.office.id)


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
