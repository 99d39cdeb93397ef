"""A helper process at the other end of a pipe."""

import os
import sys

import pytest

from drivers.contract.errors import TransportError
from drivers.contract.words import DeviceCause
from drivers.transport import process
from drivers.transport.process import ProcessConnector

ECHO = "import sys\nwhile data := sys.stdin.buffer.read1(): sys.stdout.buffer.write(data); sys.stdout.buffer.flush()"
DEAF = "import os, time\nos.write(1, b'%d' % os.getpid())\nwhile True: time.sleep(60)"
SPEAKS = "import os\nos.write(1, ','.join(sorted(os.environ)).encode())"


def helper(code: str, **environment: str) -> ProcessConnector:
    return ProcessConnector("helper", (sys.executable, "-c", code), environment)


@pytest.mark.wall
async def test_bytes_go_there_and_back_until_it_is_closed() -> None:
    stream = await helper(ECHO).connect()
    await stream.write(b"SPECIMEN")
    assert await stream.read() == b"SPECIMEN"
    await stream.half_close()
    assert await stream.read() == b""
    await stream.close()
    await stream.close()


@pytest.mark.wall
async def test_a_helper_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "END_WITHIN", 0.1)
    stream = await helper(DEAF).connect()
    number = int(await stream.read())
    await stream.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.wall
async def test_it_is_told_of_our_environment_only_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FP_VIRTUAL_IMAGE", "/x")
    stream = await helper(SPEAKS, GIVEN="1").connect()
    told = (await stream.read()).decode().split(",")
    await stream.close()
    assert "GIVEN" in told
    assert "FP_VIRTUAL_IMAGE" not in told


@pytest.mark.wall
async def test_a_program_that_is_not_there_is_a_missing_device() -> None:
    with pytest.raises(TransportError) as raised:
        await ProcessConnector("helper", ("/nowhere/python3",), {}).connect()
    assert raised.value.cause is DeviceCause.NO_DEVICE
