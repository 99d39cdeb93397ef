"""The simulated printer as any program meets it on its wire: no driver of ours here."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.card_printer import ink
from sim.card_printer.evolis import Simulator
from sim.card_printer.language import Splitter
from sim.seam.pipe import PipeEnd, pipe
from sim.world import Place, World


def command(text: str, data: bytes = b"") -> bytes:
    return b"\x1b" + text.encode() + data + b"\r"


def printer(blanks: int = 3) -> tuple[World, Simulator]:
    world = World()
    world.load_blanks(blanks)
    return world, Simulator(world)


def connect(simulator: Simulator) -> PipeEnd:
    host, device = pipe()
    connections.add(task := asyncio.get_running_loop().create_task(simulator.serve(device)))
    task.add_done_callback(connections.discard)
    return host


connections: set[asyncio.Task[None]] = set()


async def ask(host: PipeEnd, text: str, data: bytes = b"") -> str:
    await host.write(command(text, data))
    got = b""
    while not got.endswith(b"\x00"):
        more = await host.read()
        assert more, "the printer hung up"
        got += more
    return got[:-1].decode()


async def rest(host: PipeEnd) -> list[int]:
    """The status words once nothing moves."""
    while True:
        answer = await ask(host, "Rpst")
        words = [int(answer[at : at + 8], 16) for at in range(0, len(answer), 8)]
        if not words[1] & 1:
            return words
        await asyncio.sleep(0.1)


async def test_one_connection_per_command_or_one_for_all_both_work() -> None:
    _, simulator = printer()
    host = connect(simulator)
    await host.write(command("Rfv") + b"\x00")
    await host.half_close()
    assert (await host.read()).endswith(b"\x00")
    assert await host.read() == b"", "the printer closes after its answer"

    kept = connect(simulator)
    assert await ask(kept, "Pem;2") == "OK"
    assert await ask(kept, "Rem") == "2"


async def test_without_a_host_in_charge_the_printer_waits_for_blanks_and_goes_on_by_itself() -> None:
    world, simulator = printer(blanks=0)
    host = connect(simulator)
    assert await ask(host, "Sic") == "OK"
    await asyncio.sleep(30)
    world.load_blanks(1)
    words = await rest(host)
    assert words[1] & 0x08000000
    assert words[3] == 0


async def test_with_a_host_in_charge_it_stops_and_keeps_the_error_until_told() -> None:
    world, simulator = printer(blanks=0)
    host = connect(simulator)
    await ask(host, "Pem;2")
    await ask(host, "Sic")
    assert (await rest(host))[3] == 0x08000000
    world.load_blanks(1)
    assert (await rest(host))[3] == 0x08000000
    await ask(host, "Scs")
    assert (await rest(host))[3] == 0
    assert len(world.at(Place.HOPPER)) == 1


async def test_printing_without_a_card_inside_feeds_one_as_the_real_one_does() -> None:
    world, simulator = printer()
    host = connect(simulator)
    for text, data in (("Ss", b""), ("Db;k;2;", b"\xff" * 82_296), ("Se", b"")):
        assert await ask(host, text, data) == "OK"
    await rest(host)
    card = world.at(Place.BEZEL)[0]
    assert card.front is not None
    assert card.front.getcolors() == [(1016 * 648, (0, 0, 0))]


async def test_a_move_can_also_be_answered_when_it_is_done() -> None:
    world, simulator = printer()
    simulator.answers = "done"
    host = connect(simulator)
    assert await ask(host, "Sic") == "OK"
    assert world.at(Place.CONTACTLESS)
    simulator.faults.fail_next("jam")
    assert await ask(host, "Sce") == "ERR CARD"


async def test_what_it_does_not_know_it_refuses() -> None:
    _, simulator = printer()
    host = connect(simulator)
    assert await ask(host, "Xyzzy") == "NACK 1"
    assert await ask(host, "Pcem;Q") == "NACK 2"
    assert await ask(host, "Db;z;2;", bytes(82_296)) == "NACK 2"
    assert await ask(host, "Rsn") == "SPECIMEN0001"


def test_a_panel_of_any_depth_shows_the_same_picture() -> None:
    full, none = b"\xff", b"\x00"
    for levels, size in ((2, 82_296), (32, 411_480), (64, 493_776), (128, 576_072), (256, 658_368)):
        assert ink.dots(full * size, levels).min() == 255
        assert ink.dots(none * size, levels).max() == 0


def test_a_compressed_panel_is_the_same_panel() -> None:
    plain = b"\x00" * 81 + b"\xff" * 81 + b"\x80\x01" + bytes(79) + bytes(81 * 1013)
    packed = b"\x00\xff\x02\x80\x01" + b"\x00" * 1013
    (found,) = Splitter().feed(command("Dbc;k;2;", packed))
    assert found.panel == plain


PIECES = st.lists(
    st.binary(max_size=60) | st.sampled_from([b"\x1bDb;", b"\x1bDb;k;2;", b"Dbc;k;2;", b"\r", b"\x1bRpst\r"])
)


@settings(max_examples=10_000, deadline=None)
@given(PIECES)
def test_any_bytes_at_all_are_cut_into_commands(pieces: list[bytes]) -> None:
    splitter = Splitter()
    found = [command for piece in pieces for command in splitter.feed(piece)]
    assert len(found) <= sum(map(len, pieces))
    assert all(command.name or command.broken for command in found)


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_after_any_bytes_it_hears_a_plain_question_again(pieces: list[bytes]) -> None:
    """However it was left: in the middle of a text, or of a panel, which must be filled first."""
    splitter = Splitter()
    for piece in pieces:
        splitter.feed(piece)
    assert splitter.feed(b"\r" * 660_000 + b"\x1bRpst\r")[-1].name == "Rpst"
