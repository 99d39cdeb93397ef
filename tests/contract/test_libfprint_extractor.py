"""libfprint's minutiae detector through the helper: the same as libfprint's own, or nothing at all."""

import base64
import json
import math
import os
import signal
import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from drivers.contract.errors import DeviceError, ProtocolError, TransportError
from drivers.contract.fingerprint_scanner import CaptureRetry, FingerImage, FoundMinutia, RetryReason
from drivers.contract.words import DeviceCause
from drivers.fingerprint_scanner.grow import Driver as UartDriver
from drivers.fingerprint_scanner.libfprint import Extractor
from drivers.transport.process import ProcessConnector
from sim import data
from sim.fingerprint_scanner.grow import Simulator as UartModule
from sim.seam.pipe import PipeConnector
from sim.world import World
from tests.contract.test_libfprint import in_system_python

GOLDEN = Path(__file__).parents[1] / "golden" / "libfprint" / "101_1.fp3"
PICTURES = sorted(Path(os.environ.get("ANJUNGAN_FINGERS", data.finger_image("101", 1).parent)).glob("*.png"))
"""The specimens of the repository, or every PNG of another folder."""


def image_of(picture: Path) -> FingerImage:
    with Image.open(picture) as opened:
        grey = opened.convert("L")
        return FingerImage(grey.width, grey.height, 500, bytearray(grey.tobytes()))


@pytest.fixture
def others() -> set[int]:
    """Processes that earlier tests have started and keep."""
    return children()


@pytest.fixture
def extractor(others: set[int]) -> Iterator[Extractor]:
    one = Extractor()
    one.start()
    yield one
    one.stop()


# Nothing of helper.py: straight through libfprint's capture and its own detection on the captured image.
LIBFPRINT_ALONE = """
import base64, json, os, socket, struct
from gi.repository import FPrint, GLib
pictures = json.load(open(os.environ["PICTURES"]))
device = FPrint.Context().get_devices()[0]
device.open_sync(None)
loop, found = GLib.MainLoop(), []
for width, height, pixels in pictures:
    def detected(image, result):
        image.detect_minutiae_finish(result)
        found.append(sorted([one.get_coords().x, one.get_coords().y] for one in image.get_minutiae()))
        loop.quit()
    def captured(device, result):
        device.capture_finish(result).detect_minutiae(None, detected)
    device.capture(True, None, captured)
    line = socket.socket(socket.AF_UNIX)
    line.connect(os.environ["FP_VIRTUAL_IMAGE"])
    left = [struct.pack("=ii", width, height) + base64.b64decode(pixels)]
    line.setblocking(False)
    def more(*_):
        left[0] = left[0][line.send(left[0]):]
        return bool(left[0])
    GLib.io_add_watch(line, GLib.PRIORITY_DEFAULT, GLib.IOCondition.OUT, more)
    loop.run()
    line.close()
print(json.dumps(found))
"""


def test_the_minutiae_are_those_of_libfprints_own_detection(extractor: Extractor, tmp_path: Path) -> None:
    images = [image_of(picture) for picture in PICTURES]
    assert len(images) >= 15
    given = tmp_path / "pictures.json"
    given.write_text(json.dumps([[i.width, i.height, base64.b64encode(i.pixels).decode()] for i in images]))
    variables = {"PICTURES": str(given), "FP_VIRTUAL_IMAGE": str(tmp_path / "image.sock")}
    alone = json.loads(in_system_python(LIBFPRINT_ALONE, **variables))
    for picture, image, own in zip(PICTURES, images, alone, strict=True):
        assert len(own) > 15, picture.name
        assert [[m.x, m.y] for m in extractor.minutiae(image)] == own, picture.name


def test_the_angles_are_those_of_an_independent_extractor(extractor: Extractor) -> None:
    """The registry's record of each specimen was made by another extractor. Without the half turn between NIST's and
    ISO's angles all would be 128 off; with y upside down they would agree nowhere."""
    apart: list[float] = []
    for name in data.finger_names():
        record = data.finger_template(name)
        known = [struct.unpack_from(">HHB", record, 28 + 6 * at) for at in range(record[27])]
        for minutia in extractor.minutiae(image_of(data.finger_image(name, 1))):
            near = min(known, key=lambda k: math.dist((k[0] & 0x3FFF, k[1] & 0x3FFF), (minutia.x, minutia.y)))
            if math.dist((near[0] & 0x3FFF, near[1] & 0x3FFF), (minutia.x, minutia.y)) < 8:
                apart.append(abs((near[2] - minutia.angle + 128) % 256 - 128))
    assert len(apart) > 100
    assert sorted(apart)[len(apart) // 2] <= 8, "half of them within 11 degrees"


async def test_one_extractor_serves_the_image_of_a_uart_module_too(extractor: Extractor) -> None:
    world = World()
    driver = UartDriver(PipeConnector(UartModule(world, pace=0.0).serve))
    await driver.start()
    world.place_finger(data.finger_image("105", 1))
    image = await driver.capture(timeout=10)
    await driver.stop()
    assert len(extractor.minutiae(image)) > 15


@pytest.mark.parametrize(
    ("size", "grey", "reason"),
    [
        ((300, 300), 255, RetryReason.TOO_POOR),
        ((300, 300), 0, RetryReason.TOO_POOR),
        ((10, 10), 128, RetryReason.TOO_SMALL),
        ((3000, 20), 128, RetryReason.TOO_SMALL),
    ],
)
def test_an_image_without_a_finger_is_a_reason_to_try_again(
    extractor: Extractor, size: tuple[int, int], grey: int, reason: RetryReason
) -> None:
    with pytest.raises(CaptureRetry) as told:
        extractor.minutiae(FingerImage(*size, 500, bytearray([grey]) * (size[0] * size[1])))
    assert told.value.reason is reason
    assert len(extractor.minutiae(image_of(data.finger_image("101", 1)))) > 15, "and it goes on working"


# -- the helper -------------------------------------------------------------------------------------------------------
def test_a_helper_that_was_killed_between_two_images_is_replaced(extractor: Extractor, others: set[int]) -> None:
    before = extractor.minutiae(image_of(PICTURES[0]))
    (helper,) = children() - others
    os.kill(helper, signal.SIGKILL)
    assert extractor.minutiae(image_of(PICTURES[0])) == before
    assert children() - others != {helper}


def test_a_helper_ends_with_its_extractor(extractor: Extractor, others: set[int]) -> None:
    assert len(children() - others) == 1
    extractor.stop()
    assert children() - others == set()


def children() -> set[int]:
    """The processes that this one has started."""
    return {int(one) for one in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_a_helper_that_cannot_be_started_or_is_silent_is_named() -> None:
    with pytest.raises(TransportError) as missing:
        Extractor(ProcessConnector("helper", ["/nonexistent"], {})).start()
    assert missing.value.cause is DeviceCause.NO_DEVICE
    line = ProcessConnector("helper", ["/bin/cat"], {}).connect_blocking(0.05)
    with pytest.raises(TransportError) as silent:
        line.read()
    line.close()
    assert silent.value.cause is DeviceCause.NO_ANSWER


# -- the guard --------------------------------------------------------------------------------------------------------
READ = """
import os, sys
good = open(os.environ["GOLDEN"], "rb").read()
def read(serialised):
    try:
        return helper.minutiae_of(serialised, 300)
    except helper.Refused as no:
        return no.code
print({})
"""


def read(what: str) -> str:
    return in_system_python(READ.format(what), GOLDEN=str(GOLDEN))


def test_a_print_of_libfprint_is_read() -> None:
    """47 minutiae; x and y of the first as libfprint's own detection gives them (38, 133)."""
    assert read("len(read(good)), read(good)[0][:2]") == "47 (38, 133)"


@pytest.mark.parametrize(
    "other",
    [
        "b'FP4' + good[3:]",
        "b''",
        "good[:40]",
        "good[:-7]",
        "b'FP3' + bytes(200)",
        "helper.PRINT_MAGIC + bytes((1,)) + good[4:]",
        "good[3:]",
    ],
)
def test_a_print_of_another_form_is_not_guessed_at(other: str) -> None:
    assert read(f"read({other})") == "bridge"


class Played:
    """A helper whose answers are known before; each bytes object is what one read brings, an empty one its end."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = deque(answers)
        self.closed = 0

    def connect_blocking(self, timeout: float) -> "Played":
        return self

    def read(self, limit: int) -> bytes:
        return self._answers.popleft()

    def write(self, data: bytearray) -> None:
        assert data.startswith(b"FPH1")

    def close(self) -> None:
        self.closed += 1


def answer(number: int, rest: str) -> bytes:
    text = f'{{"id": {number}, {rest}}}'.encode()
    return b"FPH1" + len(text).to_bytes(4, "big") + bytes(4) + text


SMALL = FingerImage(64, 64, 500, bytearray(10))
OPENED = answer(1, '"ok": true')


@pytest.mark.parametrize("minutiae", ["null", "[[1, 2]]", "[[1, 2, 256]]", "[[-1, 2, 3]]", "[[1.5, 2, 3]]", "[7]"])
def test_minutiae_outside_the_image_or_of_no_sense_are_refused(minutiae: str) -> None:
    with pytest.raises(ProtocolError):
        Extractor(Played(OPENED, answer(2, f'"ok": true, "minutiae": {minutiae}'))).minutiae(SMALL)


def test_what_can_be_read_is_handed_over_in_order() -> None:
    whole = answer(2, '"ok": true, "minutiae": [[9, 2, 3], [1, 2, 3]]')
    found = Extractor(Played(OPENED, whole[:5], whole[5:])).minutiae(SMALL)
    assert found == (FoundMinutia(1, 2, 3), FoundMinutia(9, 2, 3))
    assert "9" not in repr(found), "nothing of a finger is shown"


def test_a_helper_that_refuses_its_own_bridge_gives_no_minutiae() -> None:
    helper = Played(answer(1, '"error": "bridge", "text": "a print that does not begin with FP3"'))
    with pytest.raises(DeviceError, match="bridge"):
        Extractor(helper).start()
    assert helper.closed == 1


@pytest.mark.parametrize("said", [b"", b"noise", answer(7, '"ok": true'), OPENED + OPENED])
def test_a_helper_that_ends_or_says_something_else_is_closed(said: bytes) -> None:
    helper = Played(said)
    with pytest.raises(DeviceError):
        Extractor(helper).start()
    assert helper.closed == 1


def test_an_image_over_which_the_helper_ends_twice_is_given_up() -> None:
    helper = Played(OPENED, answer(2, '"ok": true, "minutiae": []'), b"", answer(4, '"ok": true'), b"")
    extractor = Extractor(helper)
    assert extractor.minutiae(SMALL) == ()
    with pytest.raises(TransportError):
        extractor.minutiae(SMALL)
    assert helper.closed == 2
