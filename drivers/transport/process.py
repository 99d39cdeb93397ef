"""A pipe to a helper process: what it reads is its standard input, what it answers its standard output."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence

from drivers.contract.errors import TransportError
from drivers.contract.words import Completion, DeviceCause
from drivers.transport.base import ByteStream, Connector, gone

END_WITHIN = 2.0
"""Seconds a helper has to end after its input was closed; then it is killed."""


class ProcessStream:
    """A ByteStream over the two pipes. `close` ends the process."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process was started without pipes")
        self._process = process
        self._in = process.stdin
        self._out = process.stdout
        self._name = name

    async def read(self, limit: int = 4096) -> bytes:
        return await self._out.read(limit)

    def quiet(self) -> bool:
        return False

    async def write(self, data: bytes) -> None:
        try:
            self._in.write(data)
            await self._in.drain()
        except OSError as error:
            raise gone(f"{self._name}: the helper has ended") from error

    async def half_close(self) -> None:
        self._in.close()

    async def close(self) -> None:
        self._in.close()
        if self._process.returncode is None:
            try:
                async with asyncio.timeout(END_WITHIN):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
            except BaseException:
                self._process.kill()
                raise


class BlockingStream:
    """The same two pipes for a worker thread: each call blocks, no longer than the time given at the opening, and what
    is written is copied nowhere in this process. Errors as of a ByteStream."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", into: socket.socket, out_of: socket.socket, name: str
    ) -> None:
        self._process = process
        self._in = into
        self._out = out_of
        self._name = name

    def read(self, limit: int = 4096) -> bytes:
        try:
            return self._out.recv(limit)
        except TimeoutError as error:
            raise self._silent() from error
        except OSError as error:
            raise gone(f"{self._name}: the helper has ended") from error

    def write(self, data: bytes | bytearray) -> None:
        try:
            self._in.sendall(data)
        except TimeoutError as error:
            raise self._silent() from error
        except OSError as error:
            raise gone(f"{self._name}: the helper has ended") from error

    def close(self) -> None:
        self._in.close()
        self._out.close()
        try:
            self._process.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _silent(self) -> TransportError:
        return TransportError(
            DeviceCause.NO_ANSWER, f"{self._name}: the helper is silent", completion=Completion.TIMED_OUT
        )


class ProcessConnector(Connector):
    """Starts `command` with exactly the environment `environment`. Its standard error is that of this process."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._name = name
        self._command = tuple(command)
        self._environment = dict(environment)

    async def connect(self) -> ByteStream:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=self._environment,
                cwd=os.sep,
            )
        except OSError as error:
            raise TransportError(DeviceCause.NO_DEVICE, f"{self}: {self._command[0]}: {error.strerror}") from error
        return ProcessStream(process, self._name)

    def connect_blocking(self, timeout: float) -> BlockingStream:
        """As `connect`, without a loop. `timeout`: seconds that one read or write may take."""
        (ours_in, theirs_in), (ours_out, theirs_out) = socket.socketpair(), socket.socketpair()
        with theirs_in, theirs_out:
            try:
                process = subprocess.Popen(  # noqa: S603 - the command is ours
                    self._command,
                    stdin=theirs_in.fileno(),
                    stdout=theirs_out.fileno(),
                    env=self._environment,
                    cwd=os.sep,
                )
            except OSError as error:
                ours_in.close()
                ours_out.close()
                raise TransportError(DeviceCause.NO_DEVICE, f"{self}: {self._command[0]}: {error.strerror}") from error
        ours_in.settimeout(timeout)
        ours_out.settimeout(timeout)
        return BlockingStream(process, ours_in, ours_out, self._name)

    def __str__(self) -> str:
        return self._name
