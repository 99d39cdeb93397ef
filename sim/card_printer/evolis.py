"""A simulated Evolis printer with contact and contactless stations, reject bin and bezel, byte for byte on the wire.

Served over any pipe, in either style: one connection per command (send, half-close, read until it closes), or one that
stays open. Commands are answered with text and a NUL. Moves are answered when accepted (`answers = "accepted"`) or when
done (`"done"`); which one real printers do is unpublished. The moves themselves are in `mechanics.py`.
"""

import asyncio
import random

from sim.card_printer import status
from sim.card_printer.language import Command, Splitter
from sim.card_printer.mechanics import Mechanics
from sim.faults import FaultBoard
from sim.seam.pipe import DeviceSide
from sim.world import World

OK = "OK"
NACK_COMMAND = "NACK 1"
NACK_PARAMETER = "NACK 2"
"""Refusals as the guide gives them for the serial link (1 command, 2 parameter); on USB and TCP unpublished."""
BUSY = "BUSY"

HELD_SILENT = 60.0
"""Seconds for which a silent printer keeps a connection whose host has finished sending."""
LATE = 2.0
AT_ONCE = 1 << 20
"""Bytes taken from the wire in one go at most: a colour panel has 658 kB."""

_SETTINGS = frozenset(
    {"Pps", "Psmgr", "Pwres", "Pr", "Pc", "Pl", "Ps", "Pcla", "Ppmode", "Psk", "Piqla", "Peoic", "Pida", "Psync"}
    | {"Pcrm", "Poc", "Mr", "Wt", "Wl", "Wb", "Wcb"}
)
"""Accepted and of no consequence here."""
_TRAYS = {"Pcim": "FMCIBNR", "Pcem": "DMRNIKL"}
_MOVES = frozenset({"Si", "Sib", "Sis", "Sic", "Se", "Sie", "Sce", "Ser", "Seb", "Srs", "Scp"})


class Simulator:
    DEVICE = "card-printer"
    FAULTS = frozenset(
        {
            "silence",
            "garbage",
            "unplug",
            "delay",
            "drop",
            "corrupt",
            "short-read",
            "noise",
            "stale-status",
            "power-loss",
            "jam",
            "cover-open",
            "hopper-empty",
            "ribbon-out",
            "reject-full",
        }
    )

    def __init__(self, world: World, *, seed: int = 0, pace: float = 1.0) -> None:
        self.world = world
        self.faults = FaultBoard(self.DEVICE, self.FAULTS)
        self.pace = pace
        self.answers = "accepted"
        self.mechanics = Mechanics(world, self.faults, pace, self.power_cut, self.power_on)
        self._chance = random.Random(seed)
        self._sessions: set[asyncio.Task[None]] = set()
        self._last_status = ""
        self._last_reply = OK

    # -- power ---------------------------------------------------------------------------------------------------
    @property
    def power_on_behaviour(self) -> str:
        """What the printer does with a card in its path when it gets power: `keep`, `eject` or `reject` it."""
        return self.mechanics.power_on_behaviour

    @power_on_behaviour.setter
    def power_on_behaviour(self, what: str) -> None:
        if what not in ("keep", "eject", "reject"):
            raise ValueError(f"power_on_behaviour {what!r}: keep, eject or reject")
        self.mechanics.power_on_behaviour = what

    def power_cut(self) -> None:
        """Connections break, the motors stop where they are, memory is gone; cards and the lifetime counter stay."""
        self.mechanics.cut()
        self._last_status = ""
        for session in tuple(self._sessions):
            session.cancel()

    def power_on(self) -> None:
        self.mechanics.on()

    # -- the wire ------------------------------------------------------------------------------------------------
    async def serve(self, stream: DeviceSide) -> None:
        """One connection, until the host or the power ends it."""
        if not self.mechanics.powered:
            await stream.close()
            return
        session = asyncio.get_running_loop().create_task(self._session(stream))
        self._sessions.add(session)
        try:
            await asyncio.wait({session})
        finally:
            session.cancel()
            self._sessions.discard(session)
            await stream.close()
        if not session.cancelled() and (error := session.exception()) is not None:
            raise error

    async def _session(self, stream: DeviceSide) -> None:
        splitter = Splitter()
        silent = False
        while data := await stream.read(AT_ONCE):
            for command in splitter.feed(data):
                answer = await self._obey(command)
                silent = self.faults.take("silence")
                if not silent:
                    await self._answer(stream, answer)
        if silent:
            await asyncio.sleep(HELD_SILENT * self.pace)

    async def _answer(self, stream: DeviceSide, text: str) -> None:
        self._last_reply = text
        raw = text.encode("ascii") + b"\x00"
        faults = self.faults
        if not faults.armed:
            await stream.write(raw)
            return
        if faults.take("delay"):
            await asyncio.sleep(LATE * self.pace)
        if faults.take("garbage"):
            raw = self._chance.randbytes(self._chance.randint(1, 80))
        if faults.take("noise"):
            raw = self._chance.randbytes(self._chance.randint(1, 8)) + raw
        if faults.take("drop"):
            at = self._chance.randrange(len(raw))
            raw = raw[:at] + raw[at + 1 :]
        if faults.take("corrupt"):
            at = self._chance.randrange(len(raw))
            raw = raw[:at] + bytes((raw[at] ^ 1 << self._chance.randrange(8),)) + raw[at + 1 :]
        if faults.take("short-read"):
            for at in range(len(raw)):
                await stream.write(raw[at : at + 1])
            return
        await stream.write(raw)

    # -- the commands --------------------------------------------------------------------------------------------
    async def _obey(self, command: Command) -> str:
        name, parameters = command.name, command.parameters
        first = parameters[0] if parameters else ""
        if command.broken:
            return NACK_COMMAND
        if command.panel:
            return OK if self.mechanics.download(first, command.panel, int(parameters[1])) else NACK_PARAMETER
        if name in _MOVES:
            return await self._move(name)
        if name in _TRAYS:
            if len(first) != 1 or first not in _TRAYS[name]:
                return NACK_PARAMETER
            if name == "Pcim":
                self.mechanics.input_tray = first
            else:
                self.mechanics.output_tray = first
            return OK
        if name == "Pem":
            if first not in ("0", "2"):
                return NACK_PARAMETER
            self.mechanics.host_in_charge = first == "2"
            return OK
        if name == "Pneab":
            self.mechanics.keeps = first == "E"
            return OK if first in ("E", "D") else NACK_PARAMETER
        if name == "Ss":
            self.mechanics.begin_sequence()
            return OK
        if name == "Scs":
            self.mechanics.clear()
            return OK
        if name in ("Sr", "Sv"):
            self.mechanics.back_side = name == "Sv"
            return OK
        if name in _SETTINGS:
            return OK
        return self._read(name, first)

    def _read(self, name: str, first: str) -> str:
        if name == "Rpst":
            return self._status()
        if name == "Rco":
            counts = {"card": self.mechanics.fed, "clean": self.mechanics.printed_since_cleaning}
            return str(counts[first]) if first in counts else NACK_PARAMETER
        if name == "Rlr":
            return self._last_reply
        answers = {
            "Rem": "2" if self.mechanics.host_in_charge else "0",
            "Rfv": "SIM-1.0",
            "Rsn": "SPECIMEN0001",
            "Rtp": "Evolis Primacy 2",
            "Rkn": "SPECIMEN-HEAD",
            "Rzp": "0",
            "Roem": "0",
            "Rr": self.mechanics.ribbon,
            "Rcr": OK,
        }
        return answers.get(name, NACK_COMMAND)

    def _status(self) -> str:
        now = self.mechanics.status()
        if self._last_status and self.faults.take("stale-status"):
            return self._last_status
        self._last_status = now
        return now

    async def _move(self, name: str) -> str:
        act = self.mechanics.start(name)
        if act is None:
            return BUSY
        if self.answers == "done":
            await asyncio.wait({act})
            error = self.mechanics.error
            return "NO CARD" if error & status.ERROR_FEEDER else "ERR CARD" if error else OK
        return OK
