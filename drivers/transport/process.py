"""A pipe to a helper process: what it reads is its standard input, what it answers its standard output."""

import asyncio
import os
from collections.abc import Mapping, Sequence

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
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

    def __str__(self) -> str:
        return self._name
