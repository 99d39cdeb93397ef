"""`python -m sim`: the simulated devices, each alone for any program, or all together as a kiosk."""

import argparse
import asyncio
import importlib
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sim.card_encoder.air import RATES
from sim.card_encoder.memory import SIZE, SMALL
from sim.printed import Printed
from sim.seam import pty, tcp, vpcd
from sim.world import Event, Place, World


@dataclass(frozen=True, slots=True)
class Offer:
    """A device that can be started alone: where its simulator is, and over which seams."""

    module: str
    seams: tuple[str, ...]
    what: str


OFFERS = {
    "thermal-printer": Offer("sim.thermal_printer.escpos", ("tcp", "pty"), "ESC/POS receipt printer, 80 mm"),
    "card-printer": Offer("sim.card_printer.evolis", ("tcp",), "Evolis card printer (one command per connection)"),
    "card-printer-ipp": Offer("sim.card_printer.cups", ("tcp",), "print server (IPP) with a card printer behind it"),
    "fingerprint-scanner": Offer("sim.fingerprint_scanner.grow", ("pty",), "R503-class scanner, ZFM packets"),
    "ticket-dispenser": Offer("sim.ticket_dispenser.notch", ("tcp",), "motor and notch, as lines `pin <bcm> <0|1>`"),
    "ticket-dispenser-serial": Offer("sim.ticket_dispenser.cd720", ("pty", "tcp"), "QU-CD-720M card dispenser, RS-232"),
    "card": Offer("sim.card_encoder.pcsc", ("vpcd",), "a card's chip, to be seen through pcscd with vsmartcard's vpcd"),
    "sam": Offer("sim.card_encoder.sam", ("vpcd",), "a SAM that holds the cards' keys, for the second reader of vpcd"),
}
TOGETHER = {
    "kiosk": "the whole kiosk on simulators, in the browser",
    "demo": "the journeys without hands, with pictures",
    "office": "office days in virtual time, with faults and power cuts, and what the checkers saw",
}
ROOMS = {"kiosk": "sim.launcher", "demo": "sim.launcher", "office": "sim.office.command"}


class Refused(Exception):
    """Something asked for on the command line cannot be; one line says what and why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(message)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 well, 2 something asked for cannot be."""
    words = sys.argv[1:] if argv is None else argv
    try:
        if words and words[0] in TOGETHER:
            # The launcher brings the workbench and its web server; a lone printer should not wait for those.
            together: Callable[[list[str]], int] = getattr(importlib.import_module(ROOMS[words[0]]), words[0])
            return together(words[1:])
        chosen = _parser().parse_args(words)
        if chosen.device == "list":
            return _list()
        return asyncio.run(_alone(chosen))
    except (Refused, ValueError) as error:
        return _refuse(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}")


def _refuse(text: str) -> int:
    print(f"python -m sim: {text}", file=sys.stderr)
    return 2


# -- the command line --------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m sim", description=__doc__)
    commands = parser.add_subparsers(dest="device", required=True, metavar="COMMAND", parser_class=_Parser)
    commands.add_parser("list", help="what there is, and the faults each device can show")
    for name, what in TOGETHER.items():
        commands.add_parser(name, help=what)
    for name, offer in OFFERS.items():
        one = commands.add_parser(name, help=offer.what, description=offer.what)
        where = one.add_mutually_exclusive_group(required=True)
        if "tcp" in offer.seams:
            where.add_argument("--tcp", metavar="HOST:PORT", type=_address, help="listen there")
        if "pty" in offer.seams:
            where.add_argument("--pty", metavar="LINK", type=Path, help="make LINK a serial port")
        if "vpcd" in offer.seams:
            where.add_argument("--vpcd", metavar="HOST:PORT", type=_address, help="be the card at this vpcd")
        one.add_argument("--fault", action="append", default=[], metavar="NAME", help="show this fault; repeatable")
        one.add_argument(
            "--pace", type=_pace, default=1.0, metavar="X", help="durations times X; 0.1 is ten times faster"
        )
        one.add_argument("--out", type=Path, metavar="DIR", help="what is printed, as PNG (slips also as text)")
        if name == "card":
            one.add_argument("--chip", choices=("S", "L"), default="L", help="8 KB or 32 KB for files (L)")
            one.add_argument("--rate", type=int, choices=RATES, metavar="KBIT", help="air time at this rate (none)")
        if name == "sam":
            one.add_argument("--pin", type=_pin, default=b"123456", metavar="PIN", help="what opens it (123456)")
        if name in ("card-printer", "card-printer-ipp"):
            one.add_argument("--blanks", type=_number, default=20, metavar="N", help="cards in the hopper (20)")
        if name == "card-printer":
            one.add_argument("--take", type=float, default=3.0, metavar="S", help="a card is taken after S seconds (3)")
        if name == "fingerprint-scanner":
            one.add_argument("--finger", type=Path, metavar="FILE.png", help="the finger on the glass")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: expected HOST:PORT")
    return host.strip("[]"), int(port)


def _pace(text: str) -> float:
    pace = float(text)
    if not 0 < pace <= 100:
        raise argparse.ArgumentTypeError(f"{text}: expected more than 0 and at most 100")
    return pace


def _number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"{text}: expected 0 to 1000")
    return number


def _pin(text: str) -> bytes:
    if not 4 <= len(text) <= 16 or not text.isascii() or not text.isalnum():
        raise argparse.ArgumentTypeError("expected 4 to 16 letters or digits")
    return text.encode("ascii")


def _list() -> int:
    for name, offer in OFFERS.items():
        simulator = importlib.import_module(offer.module).Simulator
        print(f"{name:20} {' or '.join('--' + seam for seam in offer.seams):16} {offer.what}")
        print(f"{'':20} faults: {', '.join(sorted(simulator.FAULTS))}")
    for name, what in TOGETHER.items():
        print(f"{name:37} {what}")
    return 0


# -- one device --------------------------------------------------------------------------------------------------


async def _alone(chosen: argparse.Namespace) -> int:
    """Serves one device until the program is told to end."""
    loop = asyncio.get_running_loop()
    world = World()
    match chosen.device:
        case "card":
            more = {"rate": chosen.rate}
        case "sam":
            more = {"pin": chosen.pin}
        case _:
            more = {}
    simulator = importlib.import_module(OFFERS[chosen.device].module).Simulator(world, pace=chosen.pace, **more)
    for fault in chosen.fault:
        simulator.faults.fail_repeatedly(fault)
    if chosen.out is not None:
        world.watch(Printed(chosen.out, _say).see)
    _furnish(world, chosen, loop)
    task = asyncio.current_task()
    assert task is not None
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, task.cancel)
    try:
        await _served(simulator, chosen)
    except asyncio.CancelledError:
        _say("ended")
    return 0


def _furnish(world: World, chosen: argparse.Namespace, loop: asyncio.AbstractEventLoop) -> None:
    """The physical things around the device, and the person who takes the cards."""
    match chosen.device:
        case "card-printer":
            world.load_blanks(chosen.blanks)

            def taken(event: Event) -> None:
                if event.kind == "card-moved" and event.what == Place.BEZEL:
                    loop.call_later(chosen.take, world.take_card)

            world.watch(taken)
        case "card-printer-ipp":
            world.load_blanks(chosen.blanks)
        case "card":
            [card] = world.load_blanks(1)
            if chosen.chip == "S":
                card.chip[SIZE] = SMALL.to_bytes(4, "big")
            world.move(card, Place.CONTACTLESS)
        case "fingerprint-scanner" if chosen.finger is not None:
            if not chosen.finger.is_file():
                raise Refused(f"{chosen.finger}: no such file")
            world.place_finger(chosen.finger)


def _served(simulator: Any, chosen: argparse.Namespace) -> Coroutine[Any, Any, None]:
    where = vars(chosen)
    if where.get("tcp") is not None:
        host, port = chosen.tcp
        return tcp.serve(simulator, host, port, ready=lambda got: _say(f"{chosen.device} on tcp {host}:{got}"))
    if where.get("pty") is not None:
        return pty.serve(simulator, chosen.pty, ready=lambda: _say(f"{chosen.device} on {chosen.pty}"))
    host, port = chosen.vpcd
    _say(f"{chosen.device} for vpcd at {host}:{port}")
    return vpcd.serve(simulator, host, port)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
