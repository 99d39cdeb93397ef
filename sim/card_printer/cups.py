"""A simulated print server with a card printer behind it: IPP over HTTP (RFC 8010, RFC 8011), one request a connection.

It takes PDFs with one or two card faces, feeds a blank, prints and drops the card into a tray outside. Like CUPS it
goes on by itself when somebody has helped: closed the cover, filled the hopper, changed the ribbon, taken out a jam.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from sim.card_printer import ipp, pages
from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.world import Card, Event, Place, World

FEED, PRINT, TURN, EJECT = 2.0, 20.0, 2.5, 1.5
"""Seconds at pace 1; PRINT for each side."""
LOOK = 0.5
LATE = 2.0
HELD_SILENT = 60.0
KEPT = 100
"""Ended jobs that are remembered, as CUPS does."""

PENDING, PROCESSING, CANCELED, ABORTED, COMPLETED = 3, 5, 7, 8, 9
ENDED = frozenset({CANCELED, ABORTED, COMPLETED})
OK, BAD_REQUEST, NOT_POSSIBLE, NOT_FOUND, FORMAT, NO_OPERATION = 0x0000, 0x0400, 0x0404, 0x0406, 0x040A, 0x0501
PRINT_JOB, CANCEL_JOB, GET_JOB, GET_JOBS, GET_PRINTER = 0x0002, 0x0008, 0x0009, 0x000A, 0x000B
NEAR_EMPTY_AT = 10


@dataclass(eq=False)
class Job:
    number: int
    name: str
    faces: Sequence[Image.Image]
    state: int = PENDING


class Simulator:
    DEVICE = "card-printer"
    FAULTS = frozenset(
        {"silence", "garbage", "unplug", "delay", "drop", "jam", "cover-open", "hopper-empty", "ribbon-out"}
    )

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0) -> None:
        self.world = world
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.pace = pace
        self.jobs: list[Job] = []
        self._chance = random.Random(seed)
        self._powered = True
        self._jammed = False
        self._work: asyncio.Task[None] | None = None
        self._number = 0

    # -- power and people ----------------------------------------------------------------------------------------
    def power_cut(self) -> None:
        """The server and the printer go dark: jobs not ended are aborted; cards stay where they are."""
        self._powered = False
        if self._work is not None:
            self._work.cancel()
            self._work = None
        for job in self.jobs:
            if job.state not in ENDED:
                job.state = ABORTED

    def power_on(self) -> None:
        self._powered = True

    def clear_path(self) -> None:
        """Somebody opens the printer and takes out the card that is stuck."""
        card = self.world.in_path()
        if card is not None:
            self.world.move(card, Place.BOX)
        self._jammed = False

    # -- the wire ------------------------------------------------------------------------------------------------
    async def serve(self, stream: DeviceSide) -> None:
        if self._powered:
            try:
                body = await ipp.http_body(stream.read)
            except ipp.BadRequest:
                await stream.write(ipp.http_answer(b"", "400 Bad Request"))
            else:
                await self._answer(stream, self._obey(body))
        await stream.close()

    async def _answer(self, stream: DeviceSide, body: bytes) -> None:
        if self.faults.take("silence"):
            await asyncio.sleep(HELD_SILENT * self.pace)
            return
        if self.faults.take("delay"):
            await asyncio.sleep(LATE * self.pace)
        raw = ipp.http_answer(body)
        if self.faults.take("garbage"):
            raw = self._chance.randbytes(self._chance.randint(1, 200))
        if self.faults.take("drop"):
            at = self._chance.randrange(len(raw))
            raw = raw[:at] + raw[at + 1 :]
        await stream.write(raw)

    # -- the operations ------------------------------------------------------------------------------------------
    def _obey(self, body: bytes) -> bytes:
        try:
            asked = ipp.asked(body)
        except ipp.BadRequest:
            return ipp.told(BAD_REQUEST, 0)
        if asked.operation == GET_PRINTER:
            return ipp.told(OK, asked.number, [(ipp.PRINTER, self._wanted(asked, self._printer()))])
        if asked.operation == PRINT_JOB:
            return self._print(asked)
        if asked.operation == GET_JOBS:
            done = asked.text("which-jobs") == "completed"
            found = [job for job in self.jobs if (job.state in ENDED) is done]
            return ipp.told(OK, asked.number, [(ipp.JOB, self._described(job)) for job in found])
        if asked.operation in (GET_JOB, CANCEL_JOB):
            return self._one(asked)
        return ipp.told(NO_OPERATION, asked.number)

    def _print(self, asked: ipp.Asked) -> bytes:
        try:
            faces = pages.faces(asked.document)
        except pages.Unreadable:
            return ipp.told(FORMAT, asked.number)
        self._number += 1
        job = Job(self._number, asked.text("job-name"), faces)
        self.jobs = [*self.jobs[-KEPT:], job]
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._through())
        return ipp.told(OK, asked.number, [(ipp.JOB, self._described(job))])

    def _one(self, asked: ipp.Asked) -> bytes:
        for job in self.jobs:
            if job.number == asked.integer("job-id"):
                if asked.operation == GET_JOB:
                    return ipp.told(OK, asked.number, [(ipp.JOB, self._described(job))])
                if job.state in ENDED:
                    return ipp.told(NOT_POSSIBLE, asked.number)
                job.state = CANCELED
                return ipp.told(OK, asked.number)
        return ipp.told(NOT_FOUND, asked.number)

    def _described(self, job: Job) -> list[ipp.Attribute]:
        return [
            (ipp.INTEGER, "job-id", [job.number]),
            (ipp.NAME, "job-name", [job.name]),
            (ipp.ENUM, "job-state", [job.state]),
            (ipp.KEYWORD, "job-state-reasons", ["none"]),
        ]

    def _printer(self) -> list[ipp.Attribute]:
        reasons = self._reasons()
        stopped = any(reason.endswith("-error") for reason in reasons)
        working = any(job.state == PROCESSING for job in self.jobs)
        return [
            (ipp.ENUM, "printer-state", [5 if stopped else 4 if working else 3]),
            (ipp.KEYWORD, "printer-state-reasons", reasons or ["none"]),
            (ipp.TEXT, "printer-make-and-model", ["SPECIMEN card printer"]),
            (ipp.BOOLEAN, "printer-is-accepting-jobs", [True]),
            (ipp.INTEGER, "marker-levels", [0 if self.faults.active("ribbon-out") else 80]),
            (ipp.INTEGER, "queued-job-count", [sum(job.state not in ENDED for job in self.jobs)]),
        ]

    def _wanted(self, asked: ipp.Asked, attributes: list[ipp.Attribute]) -> list[ipp.Attribute]:
        wanted = asked.texts("requested-attributes")
        return [one for one in attributes if not wanted or "all" in wanted or one[1] in wanted]

    def _reasons(self) -> list[str]:
        blanks = len(self.world.at(Place.HOPPER))
        shown = {
            "media-jam-error": self._jammed,
            "cover-open-error": self.faults.active("cover-open"),
            "media-empty-error": self._empty(),
            "media-low-report": 0 < blanks < NEAR_EMPTY_AT,
            "marker-supply-empty-error": self.faults.active("ribbon-out"),
        }
        return [reason for reason, so in shown.items() if so]

    def _empty(self) -> bool:
        return not self.world.at(Place.HOPPER) or self.faults.active("hopper-empty")

    # -- the printer ---------------------------------------------------------------------------------------------
    async def _through(self) -> None:
        """Prints what waits, one job after the other."""
        while (job := next((job for job in self.jobs if job.state == PENDING), None)) is not None:
            if not await self._helped(job, lambda: self._empty() or bool(self._reasons_to_stop())):
                continue
            job.state = PROCESSING
            await self._one_card(job)

    async def _one_card(self, job: Job) -> None:
        card = self.world.at(Place.HOPPER)[0]
        self.world.move(card, Place.FEEDER)
        await asyncio.sleep(FEED * self.pace)
        self.world.move(card, Place.PRINT)
        card.prints += 1
        for back, face in enumerate(job.faces):
            await asyncio.sleep((PRINT / 2 + (TURN if back else 0)) * self.pace)
            if self.faults.take("jam"):
                self._jammed = True
                job.state = ABORTED
                return
            if not await self._helped(job, lambda: bool(self._reasons_to_stop())):
                break
            await asyncio.sleep(PRINT / 2 * self.pace)
            if back:
                card.back = face
            else:
                card.front = face
        await self._out(card)
        if job.state == PROCESSING:
            job.state = COMPLETED

    async def _out(self, card: Card) -> None:
        await asyncio.sleep(EJECT * self.pace)
        self.world.tell(Event("card-printed", card.serial, card=card))
        self.world.move(card, Place.BOX)

    def _reasons_to_stop(self) -> list[str]:
        return [name for name in ("cover-open", "ribbon-out") if self.faults.active(name)] + ["jam"] * self._jammed

    async def _helped(self, job: Job, wrong: Callable[[], bool]) -> bool:
        """Waits until somebody has helped; False if the job was cancelled meanwhile."""
        while wrong():
            if job.state in ENDED:
                return False
            await asyncio.sleep(LOOK * self.pace)
        return job.state not in ENDED
