"""One open conversation with a module: commands and their answers, transfers, and finding back after damage."""

import asyncio
from collections import deque
from typing import Final

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.words import Completion, DeviceCause
from drivers.fingerprint_scanner.grow.options import Options
from drivers.fingerprint_scanner.grow.packets import (
    READY,
    Code,
    Damaged,
    Decoder,
    Instruction,
    Packet,
    PacketId,
    command,
    named,
)
from drivers.transport.base import ByteStream, Connector, gone

GAP: Final = 1.0
"""Seconds of silence inside a packet or transfer after which the rest will not come."""
QUIET: Final = 0.1
"""Seconds of silence after which an old transfer is taken to be over."""
STALE_READS: Final = 64
"""Reads thrown away before a command, at most; a line that chatters on is found out by the answer's checksum."""


class Damage(ProtocolError):
    """A transfer or an answer arrived incomplete; worth asking for once more."""


class Session:
    """Bounded in time: `answer_timeout` for an answer (twice if the first was damaged), `upload_timeout` a transfer."""

    def __init__(self, stream: ByteStream, options: Options, name: str) -> None:
        self._stream = stream
        self._options = options
        self._name = name
        self._decoder = Decoder()
        self._items: deque[Packet | Damaged] = deque()
        self._heard = False

    @classmethod
    async def open(cls, connector: Connector, options: Options) -> "Session":
        """Connects, lets an old transfer run out, and shows the password."""
        session = cls(await connector.connect(), options, str(connector))
        try:
            await session.settle()
            try:
                await session.verify_password()
            except ProtocolError:
                # What was called off answers after the line seemed quiet, and in place of this command. There may be
                # more of it, each as late as an answer can be.
                await session.settle(options.answer_timeout)
                await session.verify_password()
        except BaseException:
            await session.close()
            raise
        return session

    async def close(self) -> None:
        await self._stream.close()

    async def verify_password(self) -> None:
        """DeviceError PASSWORD if the module refuses it."""
        code, data = await self._asked(Instruction.VERIFY_PASSWORD, self._options.password.to_bytes(4, "big"))
        if code == Code.WRONG_PASSWORD:
            raise DeviceError(
                DeviceCause.PASSWORD,
                f"{self._name}: VfyPwd refused; set options.password to the module's own",
                completion=Completion.USER_ERROR,
            )
        if code != Code.OK or data:
            raise ProtocolError(f"{self._name}: VfyPwd answered {named(code)} and {len(data)} bytes")

    async def ask(self, instruction: Instruction, parameters: bytes = b"") -> tuple[int, bytes]:
        """(confirmation code, data). A module that restarted meanwhile is shown the password again."""
        code, data = await self._asked(instruction, parameters)
        if code == Code.VERIFY_FIRST:
            await self.verify_password()
            code, data = await self._asked(instruction, parameters)
        return code, data

    async def _asked(self, instruction: Instruction, parameters: bytes) -> tuple[int, bytes]:
        """Every command used here may be repeated without harm, so a damaged question or answer is asked again once."""
        try:
            code, data = await self._once(instruction, parameters)
        except Damage:
            await self.settle()
            code, data = await self._once(instruction, parameters)
        else:
            if code == Code.PACKET_ERROR:
                code, data = await self._once(instruction, parameters)
        return code, data

    async def _once(self, instruction: Instruction, parameters: bytes) -> tuple[int, bytes]:
        await self._drop_stale()
        await self._stream.write(command(instruction, parameters, self._options.address))
        self._heard = False
        try:
            async with asyncio.timeout(self._options.answer_timeout):
                while True:
                    item = await self._item(None)
                    if isinstance(item, Damaged):
                        raise Damage(f"{self._name}: {instruction.name}: damaged answer ({item.why})")
                    if self._is_answer(item):
                        return item.content[0], item.content[1:]
        except TimeoutError as error:
            if self._heard:
                raise Damage(f"{self._name}: {instruction.name}: bytes, but no answer in them") from error
            raise TransportError(
                DeviceCause.NO_ANSWER,
                f"{self._name}: {instruction.name}: silent for {self._options.answer_timeout:.1f} s",
                completion=Completion.TIMED_OUT,
            ) from error

    def _is_answer(self, packet: Packet) -> bool:
        return packet.kind is PacketId.ACK and bool(packet.content) and packet.address == self._options.address

    async def transfer(self, size: int) -> bytearray:
        """The data packets that follow an accepted UpImage, which must hold `size` bytes. Damage if they do not."""
        received = bytearray()
        last = False
        try:
            async with asyncio.timeout(self._options.upload_timeout):
                while not last and len(received) <= size:
                    item = self._items.popleft() if self._items else await self._item(GAP)
                    if isinstance(item, Damaged):
                        raise Damage(f"{self._name}: transfer damaged after {len(received)} bytes ({item.why})")
                    if item.kind in (PacketId.DATA, PacketId.END) and item.address == self._options.address:
                        received += item.content
                        last = item.kind is PacketId.END
        except TimeoutError as error:
            raise Damage(f"{self._name}: transfer stopped after {len(received)} of {size} bytes") from error
        if len(received) != size:
            raise Damage(f"{self._name}: transfer of {len(received)} bytes instead of {size}")
        return received

    async def settle(self, quiet: float = QUIET) -> None:
        """Reads and forgets until the line is quiet for so many seconds: an old transfer may still be coming in. Damage
        if it never is."""
        try:
            async with asyncio.timeout(self._options.upload_timeout):
                while await self._more(quiet):
                    pass
        except TimeoutError as error:
            raise Damage(f"{self._name}: the line is never quiet") from error
        self._forget()

    async def _drop_stale(self) -> None:
        """Forgets what has arrived unasked: late answers, 0x55 of a restart, noise. Waits for nothing."""
        for _ in range(STALE_READS):
            if self._stream.quiet() or not await self._more(0):
                break
        self._forget()

    async def _more(self, within: float) -> bool:
        try:
            await self._read(within)
        except TimeoutError:
            return False
        return True

    def _forget(self) -> None:
        self._decoder.reset()
        self._items.clear()

    async def _item(self, patience: float | None) -> Packet | Damaged:
        """The next packet. TimeoutError after `patience` s without a byte, or GAP s inside a packet. Damage as soon as
        the module says that it has just started (its supply is switched, or it was woken): the question is lost."""
        while not self._items:
            data = await self._read(GAP if self._decoder.pending else patience)
            if data == READY and not self._decoder.pending:
                raise Damage(f"{self._name}: the module has restarted")
            self._heard = True
            self._items.extend(self._decoder.feed(data))
        return self._items.popleft()

    async def _read(self, within: float | None) -> bytes:
        if within is None:  # within a bound of the caller's
            data = await self._stream.read()
        else:
            async with asyncio.timeout(within):
                data = await self._stream.read()
        if not data:
            raise gone(f"{self._name}: the port hung up")
        return data
