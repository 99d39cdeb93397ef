"""A whole chip of over 22 KB through a real pcscd and vsmartcard's vpcd, against a plain loop over pyscard.

The chip is another process, so that neither side waits for the other's interpreter. The plain loop sends as many
commands of the same sizes as the personalisation does and does nothing with the answers: it is what pcscd, vpcd and the
socket cost anyway.
"""

import asyncio
import io
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from PIL import Image
from rich.console import Console

from drivers.card_encoder.pcsc import Driver, Options, link
from drivers.contract.card_encoder import CardChannel
from drivers.contract.words import Media
from kiosk.cards.chip import read_uid
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.custody import software_keys
from kiosk.cards.personalise.files import Plan, Signed
from kiosk.cards.personalise.writer import Job, Writer
from kiosk.cards.specimen import specimen
from kiosk.centre.cards import CentreSigner
from sim.centre import Centre, CentreTransport
from sim.clock import OfficeClock, SeededChance
from tests.contract.pcscd import READER, lacking, private_pcscd

ROUNDS = 5
APDUS = 2_000
GET_DATA = bytes.fromhex("80CAFF2000")
"""Short down, short up: the chip tells its state."""
FACE, SIGNATURE = 21_000, 3_000
"""Budgets that bring all files together to more than 22 KB."""
WAIT = 20.0
"""Seconds; a card is noticed within half a second."""
RATE = 424
"""kbit/s of the air-time model."""


@dataclass
class Watched:
    """The channel, with a note of what went through and how long that took."""

    inner: CardChannel
    sent: list[bytes] = field(default_factory=list)
    spans: list[float] = field(default_factory=list)

    @property
    def atr(self) -> bytes:
        return self.inner.atr

    async def transmit(self, apdu: bytes) -> bytes:
        start = time.perf_counter()
        answer = await self.inner.transmit(apdu)
        self.spans.append(time.perf_counter() - start)
        self.sent.append(apdu)
        return answer

    async def reset(self) -> bytes:
        return await self.inner.reset()

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class Signer:
    """The centre's document signer, with a note of how long it took and how much it signed."""

    inner: CentreSigner
    seconds: float = 0.0
    files: int = 0

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        start = time.perf_counter()
        signed = await self.inner.sign(groups, card_id)
        self.seconds += time.perf_counter() - start
        self.files = len(signed.sod) + sum(map(len, signed.groups.values()))
        return signed


@dataclass(frozen=True, slots=True)
class Personalised:
    """Of one card. Seconds; `host`: outside the channel and without the centre's signing; `files`: bytes written."""

    seconds: float
    host: float
    files: int
    sent: Sequence[bytes] = field(repr=False)


def plan() -> Plan:
    """A person with a photo that fills its place."""
    noise = Image.effect_noise((480, 640), 60).convert("RGB")
    picture = io.BytesIO()
    noise.save(picture, "JPEG", quality=95)
    roomy = layout.load("nid-td1")
    size = roomy.sizes["L"].model_copy(update={"face": FACE, "signature": SIGNATURE})
    record = specimen().model_copy(update={"photo": picture.getvalue()})
    filled = Plan(roomy.model_copy(update={"sizes": {"L": size}}), "L", record)
    filled.groups(None)  # as the kiosk does it before a blank is fed
    return filled


async def personalised(channel: Watched, what: Plan) -> Personalised:
    centre = Centre(OfficeClock().now)
    async with httpx.AsyncClient(transport=CentreTransport(centre), base_url="http://centre") as http:
        signer = Signer(CentreSigner(http, "SPC01", "SPECIMEN"))
        writer = Writer(software_keys(SeededChance(1)), signer, _promised)
        job = Job(what, await read_uid(channel))
        channel.sent.clear()
        channel.spans.clear()
        start = time.perf_counter()
        await writer.write(channel, job)
        seconds = time.perf_counter() - start
    return Personalised(seconds, seconds - sum(channel.spans) - signer.seconds, signer.files, tuple(channel.sent))


async def _promised(digest: bytes) -> None:
    """Nobody loses power here."""


@asynccontextmanager
async def blank_at(driver: Driver, port: int, *more: str) -> AsyncIterator[None]:
    """A fresh card at the virtual reader; gone at the end, and pcscd knows it."""
    command = [sys.executable, "-m", "sim", "card", "--vpcd", f"127.0.0.1:{port}", *more]
    card = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        await seen(driver, Media.PRESENT)
        yield
    finally:
        card.terminate()
        await card.wait()
        await seen(driver, Media.NOT_PRESENT)


async def seen(driver: Driver, media: Media) -> None:
    async with asyncio.timeout(WAIT):
        while (await driver.poll()).media is not media:
            await asyncio.sleep(0.05)


@asynccontextmanager
async def channel_to(driver: Driver) -> AsyncIterator[Watched]:
    channel = Watched(await driver.open())
    try:
        yield channel
    finally:
        await channel.close()


def plain_loop(commands: Sequence[bytes]) -> list[float]:
    """Seconds of each exchange, with pyscard's C interface and nothing around it."""
    from smartcard import scard

    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    code, card, protocol = scard.SCardConnect(context, READER, scard.SCARD_SHARE_EXCLUSIVE, protocols)
    if code != scard.SCARD_S_SUCCESS:
        raise RuntimeError(f"no chip for the plain loop: {scard.SCardGetErrorMessage(code)}")
    pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
    spans = []
    for apdu in commands:
        start = time.perf_counter()
        code, _ = scard.SCardTransmit(card, pci, list(apdu))
        spans.append(time.perf_counter() - start)
        if code != scard.SCARD_S_SUCCESS:
            raise RuntimeError(f"the plain loop lost its chip: {scard.SCardGetErrorMessage(code)}")
    scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
    scard.SCardReleaseContext(context)
    return spans


def harmless(commands: Sequence[bytes]) -> list[bytes]:
    """Commands of the same sizes that the chip only refuses: no instruction 00 exists."""
    return [b"\x80\x00" + apdu[2:] for apdu in commands]


async def measured(port: int) -> None:
    say = Console(soft_wrap=True).print
    driver = Driver(link(f"pcsc:{READER}"), Options(simulator=True))
    what = plan()
    runs: list[Personalised] = []
    loops: list[float] = []
    for _ in range(ROUNDS):
        async with blank_at(driver, port):
            async with channel_to(driver) as channel:
                runs.append(await personalised(channel, what))
            loops.append(sum(await asyncio.to_thread(plain_loop, harmless(runs[-1].sent))))
    count = len(runs[-1].sent)
    ours, rival = statistics.median(run.seconds for run in runs), statistics.median(loops)
    best = min(run.seconds for run in runs)
    say(
        f"chip: {runs[-1].files / 1024:.1f} KB in {count} APDUs through pcscd and vpcd, keys, signature and commit "
        f"included: {ours * 1000:.0f} ms (best {best * 1000:.0f}); pyscard in a plain loop, "
        f"same sizes, but no keys and no work for the chip: {rival * 1000:.0f} ms, {ours / rival:.1f}x"
    )
    host = statistics.median(run.host for run in runs) / count

    async with blank_at(driver, port):
        async with channel_to(driver) as channel:
            for _ in range(APDUS):
                await channel.transmit(GET_DATA)
            through = statistics.median(channel.spans)
        raw = statistics.median(await asyncio.to_thread(plain_loop, [GET_DATA] * APDUS))
    say(
        f"chip: one short APDU through our channel {through * 1e6:.0f} us, {1 / through:,.0f}/s; plain pyscard "
        f"{raw * 1e6:.0f} us, {1 / raw:,.0f}/s; overhead of host {host * 1e6:.0f} us and channel "
        f"{(through - raw) * 1e6:.0f} us per APDU"
    )

    async with blank_at(driver, port, "--rate", str(RATE)), channel_to(driver) as channel:
        slow = await personalised(channel, what)
    share = 100 * (1 - ours / slow.seconds)
    say(
        f"chip: with air and memory time of the model at {RATE} kbit/s {slow.seconds:.2f} s; host, pcscd and the "
        f"simulation itself take {ours:.2f} s of it, so at least {share:.0f} % is air and memory"
    )
    await driver.stop()


def run() -> None:
    missing = lacking()
    if missing:
        Console().print(f"chip: left out, there is no {', '.join(missing)}")
        return
    with private_pcscd() as daemon:
        asyncio.run(measured(daemon.port))


if __name__ == "__main__":
    run()
