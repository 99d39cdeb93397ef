"""One whole act per device class, as the kiosk does it; what a person does afterwards; and what must then be true.

A story knows the class's contract and the world, and nothing of the model.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from drivers.contract.card_encoder import CardEncoder
from drivers.contract.card_printer import FACE_SIZE, CardPosition, CardPrinter, Station
from drivers.contract.device import Device, IntentId
from drivers.contract.errors import DeviceError, DispenseError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerprintScanner, RetryReason
from drivers.contract.thermal_printer import Align, Columns, Qr, Rule, Text, ThermalPrinter
from drivers.contract.ticket_dispenser import TicketDispenser
from drivers.contract.words import DeviceCause, JobOutcome, Media
from sim.data import finger_image
from sim.world import Event, Place
from tests.devices.simulated import Simulated
from tests.faults.truth import BLIND

GOLDEN = Path(__file__).parents[1] / "golden"
COMES, STAYS = 0.5, 3.0
"""Seconds after which a finger is on the glass, and for how long."""
FIRST, LAST = "DINAS", "TERIMA KASIH"


@dataclass
class Told:
    """What the driver reported of one act."""

    outcome: JobOutcome
    cause: DeviceCause | None = None
    step: str = ""
    """The step that did not succeed."""
    count: int = 0
    retry: RetryReason | None = None
    detail: str = ""


DONE = Told(JobOutcome.DONE)


def told(error: DeviceError, step: str = "") -> Told:
    return Told(error.outcome, error.cause, step, getattr(error, "dispensed", 0), detail=error.detail)


class Story(ABC):
    limit: float
    """Virtual seconds within which an act ends, whatever happens."""

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        """`driver` is started, on the simulator of `one`."""
        self.one = one
        self.world = one.world
        self.fault = fault
        self.acts = 0
        self.progress: Callable[[float], None] = lambda share: None
        """Told how far the act is, of those that are played in real time, where seconds do not tell it."""

    def intent(self) -> IntentId:
        self.acts += 1
        return IntentId(f"act-{self.acts}")

    @abstractmethod
    async def act(self) -> Told:
        """Does it once."""

    @abstractmethod
    def matches(self, said: Told) -> None:
        """Asserts that the world is as `said`, since the last `matches`. Called when everything has come to rest."""

    @abstractmethod
    async def help(self) -> None:
        """What staff do when the fault itself has gone."""


class CardStory(Story):
    """Feed, print, present."""

    limit = 200.0

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        super().__init__(driver, one, fault)
        assert isinstance(driver, CardPrinter)
        self.printer = driver
        self.printed = 0
        self.used = 0
        self.world.watch(self._seen)

    def _seen(self, event: Event) -> None:
        self.printed += event.kind == "card-printed"

    async def act(self) -> Told:
        self.printed = 0
        face = Image.new("RGB", FACE_SIZE, (120, 200, 240))
        step = ""
        try:
            step = "feed"
            await self.printer.feed(self.intent(), Station.CONTACTLESS)
            step = "print"
            await self.printer.print_front(self.intent(), face)
            step = "present"
            await self.printer.present(self.intent())
        except DeviceError as error:
            return told(error, step)
        return DONE

    def matches(self, said: Told) -> None:
        fed = len(self.world.cards) - len(self.world.at(Place.HOPPER)) - self.used
        self.used += fed
        assert fed <= 1, "one act never takes two blanks"
        assert all(card.prints <= 1 for card in self.world.cards), "no card is printed twice"
        if said.outcome is JobOutcome.DONE:
            assert (fed, self.printed) == (1, 1)
            assert len(self.world.at(Place.BEZEL)) == 1
        elif said.outcome is JobOutcome.FAILED:
            goal = {"feed": self.world.at(Place.CONTACTLESS), "present": self.world.at(Place.BEZEL)}
            assert not goal.get(said.step, []), f"{said.step} was said to have failed, and it succeeded"
            assert said.step != "print" or not self.printed

    async def help(self) -> None:
        """The hardware is asked where the card is, and has to be right."""
        evidence = await self.printer.where()
        while evidence.moving:
            evidence = await self.printer.where()
        card = self.world.in_path()
        if card is None:
            assert evidence.position is CardPosition.NONE
        elif card.place is Place.BEZEL:
            assert evidence.position is CardPosition.EXIT
            self.world.take_card()
        else:
            assert evidence.position in (CardPosition.INSIDE, CardPosition.JAMMED)
            await self.printer.reject(self.intent())
            assert card.place is Place.REJECT
        evidence = await self.printer.where()
        assert evidence.position is CardPosition.NONE
        assert evidence.fed_count in (None, len(self.world.cards) - len(self.world.at(Place.HOPPER)))


class QueueStory(Story):
    """A card printer that can only print, behind a queue: one job, and the card falls into the tray."""

    limit = 400.0

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        super().__init__(driver, one, fault)
        assert isinstance(driver, CardPrinter)
        self.printer = driver
        self.printed = 0
        self.outcomes: list[JobOutcome] = []
        self.world.watch(self._seen)

    def _seen(self, event: Event) -> None:
        self.printed += event.kind == "card-printed"

    async def act(self) -> Told:
        try:
            await self.printer.print_front(self.intent(), Image.new("RGB", FACE_SIZE, (120, 200, 240)))
        except DeviceError as error:
            return told(error, "print")
        return DONE

    def matches(self, said: Told) -> None:
        """Over all jobs: one of unknown fate may come out later, with the next; none comes out twice."""
        self.outcomes.append(said.outcome)
        done = self.outcomes.count(JobOutcome.DONE)
        assert done <= self.printed <= done + self.outcomes.count(JobOutcome.UNKNOWN)
        assert all(card.prints <= 1 for card in self.world.cards), "no card is printed twice"

    async def help(self) -> None:
        if DeviceCause.JAM in self.printer.status.causes:
            self.one.simulator.clear_path()


class ChipStory(Story):
    """A blank at the station is asked as the golden transcript has it. What a fault does to a chip being written
    is told where it is written: tests/sim/card/test_tearing.py and tests/kiosk/chip."""

    limit = 60.0

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        super().__init__(driver, one, fault)
        assert isinstance(driver, CardEncoder)
        self.encoder = driver
        lines = (GOLDEN / "pcsc" / "blank.txt").read_text().splitlines()
        said = [(line[0], bytes.fromhex(line[1:])) for line in lines if line[0] in "<>"]
        commands = [data for way, data in said if way == ">"]
        answers = [data for way, data in said if way == "<"]
        self.dialogue = [(c, a) for c, a in zip(commands, answers, strict=True) if not c.startswith(b"\xff")]
        self.patience = 2.0 if one.pace == 1 else 8.0  # pcscd looks for a card when it likes

    async def act(self) -> Told:
        self.world.move(self.world.at(Place.HOPPER)[0], Place.CONTACTLESS)
        try:
            channel = await self.encoder.open(timeout=self.patience)
        except DeviceError as error:
            return told(error, "open")
        try:
            for done, (command, answer) in enumerate(self.dialogue, start=1):
                self.progress(done / len(self.dialogue))
                if (got := await channel.transmit(command)) != answer:
                    return Told(JobOutcome.UNKNOWN, step="answer", detail=got.hex())
        except DeviceError as error:
            return told(error, "transmit")
        finally:
            await channel.close()
        return DONE

    def matches(self, said: Told) -> None:
        [card] = self.world.at(Place.CONTACTLESS)
        assert card.chip.get("state", b"\x07") == b"\x07", "a blank that was only asked stays a blank"

    async def help(self) -> None:
        """The card goes into the bin, and the reader sees it go."""
        for card in self.world.at(Place.CONTACTLESS):
            self.world.move(card, Place.REJECT)
        while (await self.encoder.poll()).media is Media.PRESENT:
            await asyncio.sleep(0.1)


class SlipStory(Story):
    limit = 60.0

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        super().__init__(driver, one, fault)
        assert isinstance(driver, ThermalPrinter)
        self.printer = driver
        self.said: list[Told] = []

    async def act(self) -> Told:
        """Each slip has a number of its own."""
        blocks = (
            Text(FIRST, size=2, align=Align.CENTRE),
            Text(self._number(self.acts), size=8, align=Align.CENTRE),
            Rule(),
            Columns("Menunggu", "7 orang"),
            Qr("ANJ1-8F3K2M9QXW4T7YBN"),
            Text(LAST),
        )
        try:
            await self.printer.print_slip(self.intent(), blocks)
        except DeviceError as error:
            return told(error)
        return DONE

    @staticmethod
    def _number(act: int) -> str:
        return f"A-{act:03d}"

    def matches(self, said: Told) -> None:
        """Also of the slips before: what hung in the printer comes out with the next one, and never twice."""
        self.said.append(said)
        for act, one in enumerate(self.said):
            number = self._number(act)
            parts = [text for text in self.world.slip_texts if number in text]
            whole = [text for text in parts if text.startswith(FIRST) and text.endswith(LAST)]
            if one.outcome is JobOutcome.DONE:
                assert len(whole) == len(parts) == 1, number
            elif one.outcome is JobOutcome.FAILED:
                assert not parts, number
            else:
                assert len(whole) <= 1, number

    async def help(self) -> None:
        if self.world.paper_mm <= 0:
            self.world.load_paper()


class TicketStory(Story):
    limit = 30.0
    WANTED = 3

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        super().__init__(driver, one, fault)
        assert isinstance(driver, TicketDispenser)
        self.dispenser = driver
        self.seen = 0

    async def act(self) -> Told:
        try:
            count = await self.dispenser.dispense(self.intent(), self.WANTED)
        except DispenseError as error:
            return told(error)
        except DeviceError as error:
            return told(error)
        return Told(JobOutcome.DONE, count=count)

    def matches(self, said: Told) -> None:
        out = self.world.tickets_out - self.seen
        self.seen = self.world.tickets_out
        assert said.count <= out, "a ticket was counted that never came"
        if self.fault in BLIND:
            assert out <= said.count + BLIND[self.fault]
        elif said.outcome is JobOutcome.UNKNOWN and said.cause is not DeviceCause.JAM:
            assert out <= self.WANTED + 1, "the motor stops with its host"
        else:
            assert out == said.count
        assert said.outcome is not JobOutcome.DONE or said.count >= self.WANTED

    async def help(self) -> None:
        """A ticket is pulled out by hand: the roll then rests as it should, and a jam has gone."""
        if self.dispenser.status.causes:
            await self.one.simulator.pull()
            self.seen += 1


class FingerStory(Story):
    limit = 60.0

    def __init__(self, driver: Device, one: Simulated, fault: str) -> None:
        super().__init__(driver, one, fault)
        assert isinstance(driver, FingerprintScanner)
        self.scanner = driver
        self.image: bytes | None = None
        self.true_image: bytes | None = None

    async def act(self) -> Told:
        """The finger comes when it is asked for, and leaves: some scanners give the image only then."""
        self.image = None
        self.world.place_finger(None)
        loop = asyncio.get_running_loop()
        coming = loop.call_later(COMES, self.world.place_finger, finger_image("101", 2))
        going = loop.call_later(COMES + STAYS, self.world.place_finger, None)
        try:
            got = await self.scanner.capture(5.0)
        except CaptureRetry as retry:
            return Told(JobOutcome.FAILED, retry=retry.reason)
        except DeviceError as error:
            return told(error)
        finally:
            coming.cancel()
            going.cancel()
        self.image = bytes(got.pixels)
        return DONE

    def matches(self, said: Told) -> None:
        """An image is the finger's, to the last pixel, or it is none. A second look sees the same."""
        if said.outcome is JobOutcome.DONE:
            assert self.image is not None
            assert self.true_image in (None, self.image)
            self.true_image = self.image

    async def help(self) -> None:
        """The finger is lifted."""
        self.world.place_finger(None)
        await self.scanner.wait_lifted(1.0)


def story(driver: Device, one: Simulated, fault: str) -> Story:
    """The story of this device."""
    if isinstance(driver, CardPrinter) and not driver.can_encode:
        return QueueStory(driver, one, fault)
    return STORIES[one.device_class](driver, one, fault)


STORIES: dict[str, type[Story]] = {
    "card_printer": CardStory,
    "card_encoder": ChipStory,
    "thermal_printer": SlipStory,
    "ticket_dispenser": TicketStory,
    "fingerprint_scanner": FingerStory,
}
