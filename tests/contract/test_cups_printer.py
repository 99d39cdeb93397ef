"""A card printer behind CUPS: on the simulated server in virtual time, over TCP, and on a real cupsd."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pyipp import IPP
from pyipp.enums import IppOperation

from drivers.card_printer.cups import Driver, Options, link, meaning
from drivers.card_printer.cups.ipp import answer, request
from drivers.card_printer.cups.pdf import document
from drivers.contract.card_printer import FACE_SIZE, CardPosition, Station
from drivers.contract.device import IntentId
from drivers.contract.errors import DeviceError, ProtocolError
from drivers.contract.words import Completion, DeviceCause, DeviceState, JobOutcome, Media, Supply
from drivers.transport.sockets import SocketStream
from sim.card_printer import ipp, pages
from sim.card_printer.cups import Simulator
from sim.seam.pipe import PipeConnector
from sim.world import Card, Place, World
from tests.contract.cupsd import cupsd


def artwork(colour: str = "skyblue") -> Image.Image:
    face = Image.new("RGB", FACE_SIZE, colour)
    ImageDraw.Draw(face).rectangle((40, 40, 500, 90), fill=(0, 0, 0))
    return face


@dataclass
class Bench:
    world: World
    simulator: Simulator
    cable: PipeConnector
    printer: Driver

    async def print(self, name: str = "print-1") -> None:
        await self.printer.print_front(IntentId(name), artwork())

    def printed(self) -> list[Card]:
        return [card for card in self.world.cards if card.prints]


async def bench(blanks: int = 30, options: Options | None = None) -> Bench:
    world = World()
    world.load_blanks(blanks)
    simulator = Simulator(world, seed=3)
    cable = PipeConnector(simulator.serve)
    printer = Driver(cable, options)
    await printer.start()
    return Bench(world, simulator, cable, printer)


async def fails(act: Awaitable[object]) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await act
    return caught.value


# -- a card ----------------------------------------------------------------------------------------------------------
async def test_a_card_is_printed_dot_for_dot() -> None:
    one = await bench()
    await one.print()
    (card,) = one.printed()
    assert card.front is not None
    assert card.front.tobytes() == artwork().tobytes()
    assert card.back is None
    assert card.place is Place.BOX, "out of the printer"
    assert len(one.world.at(Place.HOPPER)) == 29


async def test_both_sides_are_one_job() -> None:
    one = await bench()
    await one.printer.print_faces(IntentId("print"), artwork(), artwork("white"))
    (card,) = one.printed()
    assert card.back is not None
    assert card.back.tobytes() == artwork("white").tobytes()
    assert len(one.simulator.jobs) == 1


async def test_the_same_intent_twice_is_one_card() -> None:
    one = await bench()
    await one.print()
    await one.print()
    assert len(one.printed()) == 1


async def test_an_intent_from_before_a_restart_is_followed_not_printed_again() -> None:
    one = await bench()
    printing = asyncio.create_task(one.print())
    await asyncio.sleep(5)
    printing.cancel()  # the program is killed in the middle of the card
    later = Driver(one.cable)
    await later.start()
    await later.print_front(IntentId("print-1"), artwork())
    assert [card.prints for card in one.printed()] == [1]
    assert len(one.simulator.jobs) == 1


async def test_what_a_queue_cannot_do_is_refused_as_unsupported() -> None:
    one = await bench()
    printer, intent = one.printer, IntentId("x")
    assert not printer.can_encode
    for act in (
        printer.feed(intent, Station.CONTACTLESS), printer.present(intent), printer.retract(intent),
        printer.reject(intent), printer.wait_taken(1), printer.clean(intent), printer.reset(intent),
    ):  # fmt: skip
        assert (await fails(act)).completion is Completion.UNSUPPORTED_COMMAND
    assert (await printer.where()).position is CardPosition.UNKNOWN


async def test_artwork_of_another_size_is_refused() -> None:
    one = await bench()
    error = await fails(one.printer.print_front(IntentId("x"), Image.new("RGB", (640, 480))))
    assert error.completion is Completion.INVALID_DATA
    assert not one.simulator.jobs


# -- what stands in the way --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("hopper-empty", DeviceCause.BLANKS_OUT),
        ("ribbon-out", DeviceCause.RIBBON_OUT),
        ("cover-open", DeviceCause.COVER_OPEN),
    ],
)
async def test_what_is_missing_is_named_and_nothing_is_sent(fault: str, cause: DeviceCause) -> None:
    one = await bench()
    one.simulator.faults.fail_repeatedly(fault)
    assert (await one.printer.poll()).causes == (cause,)
    error = await fails(one.print())
    assert (error.cause, error.completion) == (cause, Completion.DEVICE_NOT_READY)
    assert not one.simulator.jobs
    one.simulator.faults.clear()
    await one.print("again")
    assert len(one.printed()) == 1


async def test_few_blanks_are_low_and_what_is_not_reported_is_unknown() -> None:
    one = await bench(blanks=3)
    assert one.printer.status.supplies["blanks"] is Supply.LOW
    assert one.printer.status.supplies["ribbon"] is Supply.FULL
    assert (await bench(blanks=30)).printer.status.supplies["blanks"] is Supply.UNKNOWN


async def test_a_jam_leaves_the_card_unknown_and_the_printer_broken_until_somebody_helps() -> None:
    one = await bench()
    one.simulator.faults.fail_next("jam")
    error = await fails(one.print())
    assert (error.cause, error.outcome) == (DeviceCause.JAM, JobOutcome.UNKNOWN)
    assert one.printer.status.media is Media.JAMMED
    assert (await fails(one.print("again"))).completion is Completion.DEVICE_NOT_READY
    one.simulator.clear_path()
    await one.print("third")
    assert len(one.printed()) == 2


async def test_a_cover_opened_in_the_middle_holds_the_job_until_it_is_closed() -> None:
    one = await bench()
    loop = asyncio.get_running_loop()
    loop.call_later(5, lambda: one.simulator.faults.fail_repeatedly("cover-open"))
    loop.call_later(40, one.simulator.faults.clear)
    await one.print()
    assert loop.time() > 40
    assert [card.prints for card in one.printed()] == [1]


async def test_a_job_that_never_begins_is_cancelled_and_costs_no_card_later() -> None:
    one = await bench(options=Options(print_timeout=30))
    printing = asyncio.create_task(one.print())
    await asyncio.sleep(0)
    while not one.simulator.jobs:
        await asyncio.sleep(0)
    one.simulator.faults.fail_repeatedly("hopper-empty")
    error = await fails(printing)
    assert (error.cause, error.outcome) == (DeviceCause.BLANKS_OUT, JobOutcome.FAILED)
    one.simulator.faults.clear()
    await asyncio.sleep(60)
    assert not one.printed(), "a card nobody waits for any more"


# -- link and power ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["silence", "garbage"])
async def test_a_job_whose_answer_is_lost_is_found_by_its_name_and_not_sent_twice(fault: str) -> None:
    one = await bench()
    original = one.simulator._print

    def losing(asked: ipp.Asked) -> bytes:
        one.simulator.faults.fail_next(fault)
        return original(asked)

    one.simulator._print = losing  # type: ignore[method-assign]  # to strike at exactly this answer
    await one.print()
    assert len(one.simulator.jobs) == 1
    assert len(one.printed()) == 1


async def test_unplugged_in_the_middle_the_outcome_is_unknown() -> None:
    one = await bench()
    printing = asyncio.create_task(one.print())
    await asyncio.sleep(5)
    await one.cable.unplug()
    error = await fails(printing)
    assert (error.cause, error.outcome) == (DeviceCause.NO_DEVICE, JobOutcome.UNKNOWN)
    one.cable.replug()
    assert (await one.printer.poll()).state in (DeviceState.ONLINE, DeviceState.BUSY)


async def test_a_server_that_is_not_there_certainly_printed_nothing() -> None:
    one = await bench()
    await one.cable.unplug()
    error = await fails(one.print())
    assert (error.cause, error.outcome) == (DeviceCause.NO_DEVICE, JobOutcome.FAILED)


async def test_power_lost_in_the_middle_of_a_card_is_unknown() -> None:
    one = await bench()
    printing = asyncio.create_task(one.print())
    await asyncio.sleep(8)
    one.simulator.power_cut()
    one.simulator.power_on()
    assert (await fails(printing)).outcome is JobOutcome.UNKNOWN
    assert one.world.at(Place.PRINT), "the card is where it was"


@pytest.mark.parametrize("at", range(0, 30, 2))
async def test_one_byte_lost_anywhere_never_costs_a_second_card(at: int) -> None:
    one = await bench()
    asyncio.get_running_loop().call_later(at, lambda: one.simulator.faults.fail_next("drop"))
    (error,) = await asyncio.gather(one.print(), return_exceptions=True)
    assert len(one.simulator.jobs) <= 1
    if isinstance(error, DeviceError):
        assert error.outcome is JobOutcome.UNKNOWN or not one.printed()
    else:
        assert error is None
        assert len(one.printed()) == 1


# -- meanings and bytes ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "reasons", "causes", "state"),
    [
        (3, "none", (), DeviceState.ONLINE),
        (4, "none", (), DeviceState.BUSY),
        (5, "paused", (DeviceCause.HARDWARE,), DeviceState.HARDWARE_ERROR),
        (3, "offline-report", (DeviceCause.NO_DEVICE,), DeviceState.OFFLINE),
        (3, ["media-low-report", "none"], (), DeviceState.ONLINE),
        (
            5,
            ["media-empty-error", "media-jam-error"],
            (DeviceCause.JAM, DeviceCause.BLANKS_OUT),
            DeviceState.HARDWARE_ERROR,
        ),
        (3, "com.x-odd-error", (DeviceCause.HARDWARE,), DeviceState.HARDWARE_ERROR),
        (3, "com.x-odd-report", (), DeviceState.ONLINE),
    ],
)
def test_reasons_of_a_printer_mean_what_the_rfc_says(
    number: int, reasons: str | list[str], causes: tuple[DeviceCause, ...], state: DeviceState
) -> None:
    status = meaning.snapshot({"printer-state": number, "printer-state-reasons": reasons})
    assert (status.causes, status.state) == (causes, state)


def test_a_queue_that_takes_no_jobs_is_not_called_well() -> None:
    assert meaning.snapshot({"printer-state": 3, "printer-is-accepting-jobs": False}).causes == (DeviceCause.HARDWARE,)


def test_a_request_is_read_by_the_other_side_as_it_was_meant() -> None:
    about = {"printer-uri": "ipp://localhost/printers/card", "job-name": "act-1", "requested-attributes": ["a", "b"]}
    asked = ipp.asked(request(IppOperation.PRINT_JOB, 7, about, job={"sides": "one-sided"}, document=b"%PDF"))
    assert (asked.operation, asked.number, asked.document) == (2, 7, b"%PDF")
    assert asked.text("job-name") == "act-1"
    assert asked.texts("requested-attributes") == ["a", "b"]
    assert asked.text("sides") == "one-sided"


SOUND = ipp.told(0, 1, [(ipp.PRINTER, [(ipp.ENUM, "printer-state", [3]), (ipp.KEYWORD, "x", ["a", "b"])])])


@settings(max_examples=10_000, deadline=None)
@given(
    st.binary(max_size=120)
    | st.tuples(st.integers(8, len(SOUND) - 1), st.binary(min_size=1, max_size=4)).map(
        lambda change: SOUND[: change[0]] + change[1] + SOUND[change[0] + len(change[1]) :]
    )
)
def test_any_bytes_are_an_answer_or_a_protocol_error(body: bytes) -> None:
    try:
        told = answer(body)
    except ProtocolError:
        return
    assert isinstance(told["printers"], list)


def test_a_length_that_leads_backwards_is_refused() -> None:
    """A signed reader would go round in it for ever."""
    body = b"\x01\x01\x00\x00\x00\x00\x00\x01\x04" + b"\x44\x00\x01x\xff\xfa" + b"\x03"
    with pytest.raises(ProtocolError):
        answer(body)


@settings(max_examples=2_000, deadline=None)
@given(st.binary(max_size=200))
def test_the_simulated_server_refuses_any_nonsense(raw: bytes) -> None:
    async def read(limit: int) -> bytes:
        taken, rest[:] = bytes(rest[:limit]), rest[limit:]
        return taken

    rest = bytearray(raw)
    with pytest.raises(ipp.BadRequest):
        asyncio.run(ipp.http_body(read))
    try:
        ipp.asked(raw)
    except ipp.BadRequest:
        pass
    with pytest.raises(pages.Unreadable):
        pages.faces(b"%PDF-" + raw)


# -- real seams --------------------------------------------------------------------------------------------------------
@asynccontextmanager
async def on_tcp(simulator: Simulator) -> AsyncIterator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await simulator.serve(SocketStream(reader, writer, "simulator"))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def fast() -> Simulator:
    world = World()
    world.load_blanks(20)
    return Simulator(world, pace=0.02)


@pytest.mark.wall
async def test_a_card_over_tcp() -> None:
    simulator = fast()
    async with on_tcp(simulator) as port:
        printer = Driver(link(f"tcp:127.0.0.1:{port}"), Options(poll_interval=0.02))
        await printer.start()
        assert printer.status.state is DeviceState.ONLINE
        await printer.print_front(IntentId("print"), artwork())
    assert sum(card.prints for card in simulator.world.cards) == 1


@pytest.mark.wall
async def test_an_ipp_client_that_others_wrote_understands_the_simulated_server() -> None:
    simulator = fast()
    async with on_tcp(simulator) as port, IPP(f"ipp://127.0.0.1:{port}/printers/card") as client:
        found = await client.execute(
            IppOperation.GET_PRINTER_ATTRIBUTES,
            {"operation-attributes-tag": {"requested-attributes": ["printer-make-and-model", "printer-state"]}},
        )
    assert found["printers"] == [{"printer-make-and-model": "SPECIMEN card printer", "printer-state": 3}]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: cupsd listens on a socket in it, whose path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="cups") as name:
        yield Path(name)


@pytest.mark.wall
async def test_a_real_cupsd_prints_a_card_and_says_so(folder: Path) -> None:
    async with cupsd(folder) as server:
        printer = Driver(link(f"tcp:127.0.0.1:{server.port}"), Options(poll_interval=0.05))
        await printer.start()
        assert printer.status.state is DeviceState.ONLINE, printer.status
        await printer.print_faces(IntentId("print-1"), artwork(), artwork("white"))
        await printer.print_faces(IntentId("print-1"), artwork(), artwork("white"))
        sent = server.paper.read_bytes()
        assert sent == document([artwork(), artwork("white")]), "once, byte for byte"
        words = ("lpstat", "-h", f"127.0.0.1:{server.port}", "-W", "completed", "-o")
        lpstat = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        listed, _ = await lpstat.communicate()
        assert len(listed.splitlines()) == 1
        assert listed.startswith(b"card-1 ")


@pytest.mark.wall
async def test_a_real_cupsd_names_what_stands_in_the_way(folder: Path) -> None:
    async with cupsd(folder, stopped="out for repair") as server:
        printer = Driver(link(f"tcp:127.0.0.1:{server.port}"), Options(poll_interval=0.05))
        await printer.start()
        assert printer.status.causes == (DeviceCause.HARDWARE,)
        assert printer.status.detail["printer-state-message"] == "out for repair"
        assert (await fails(printer.print_front(IntentId("x"), artwork()))).outcome is JobOutcome.FAILED

        other = Driver(link(f"tcp:127.0.0.1:{server.port}"), Options(queue="nowhere"))
        await other.start()
        assert other.status.causes == (DeviceCause.NO_DEVICE,)
        assert "no queue 'nowhere'" in other.status.detail["error"]
    assert (await printer.poll()).causes == (DeviceCause.NO_DEVICE,), "cupsd has ended"


def test_the_pdf_is_one_that_other_programs_read() -> None:
    """The cross-reference table leads to every object: what a strict reader checks first."""
    pdf = document([artwork(), artwork("white")])
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    entries = pdf[start:].split(b"trailer")[0].splitlines()[3:]
    for number, entry in enumerate(entries, start=1):
        assert pdf[int(entry[:10]) :].startswith(f"{number} 0 obj".encode())
    assert [face.tobytes() for face in pages.faces(pdf)] == [artwork().tobytes(), artwork("white").tobytes()]
