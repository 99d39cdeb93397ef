"""The simulated UART module with a client that others wrote against real modules: Adafruit's, unmodified, on a pty."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import adafruit_fingerprint as adafruit
import pytest
import serial
from adafruit_fingerprint import Adafruit_Fingerprint
from PIL import Image

from sim.data import finger_image
from sim.fingerprint_scanner.grow import Simulator
from sim.seam import pty
from sim.world import World

THUMB, OTHER = "101", "105"


async def with_client(folder: Path, model: str, story: Callable[[Adafruit_Fingerprint, World], None]) -> None:
    """Runs `story`, which blocks as Adafruit's programs do, in a thread; the module lives in this loop."""
    world, port, ready = World(), folder / "ttyFINGER", asyncio.Event()
    module = Simulator(world, seed=1, pace=0.01, model=model)
    served = asyncio.create_task(pty.serve(module, port, ready=ready.set))

    def told() -> None:
        with serial.Serial(str(port), 57600, timeout=20) as line:
            story(Adafruit_Fingerprint(line), world)

    try:
        await ready.wait()
        await asyncio.to_thread(told)
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)


def touch(client: Adafruit_Fingerprint, world: World, finger: str, impression: int, slot: int = 1) -> None:
    world.place_finger(finger_image(finger, impression))
    assert client.get_image() == adafruit.OK
    assert client.image_2_tz(slot) == adafruit.OK
    world.place_finger(None)
    assert client.get_image() == adafruit.NOFINGER


def enrol(client: Adafruit_Fingerprint, world: World, finger: str, page: int, touches: tuple[int, int]) -> None:
    for slot, impression in enumerate(touches, start=1):
        touch(client, world, finger, impression, slot)
    assert client.create_model() == adafruit.OK
    assert client.store_model(page) == adafruit.OK


def enrol_and_search(client: Adafruit_Fingerprint, world: World) -> None:
    assert client.empty_library() == adafruit.OK
    enrol(client, world, THUMB, 3, (1, 2))
    enrol(client, world, OTHER, 150, (1, 2))
    assert client.count_templates() == adafruit.OK
    assert client.template_count == 2
    assert client.read_templates() == adafruit.OK
    assert client.templates == [3, 150]

    touch(client, world, THUMB, 3)
    assert client.finger_search() == adafruit.OK
    assert client.finger_id == 3
    assert client.confidence >= 65
    assert client.finger_fast_search() == adafruit.OK
    assert client.finger_id == 3

    touch(client, world, "112", 1)
    assert client.finger_search() == adafruit.NOTFOUND

    assert client.delete_model(3) == adafruit.OK
    touch(client, world, THUMB, 3)
    assert client.finger_fast_search() == adafruit.NOTFOUND
    assert client.load_model(3) == adafruit.DBRANGEFAIL
    assert client.load_model(5000) == adafruit.BADLOCATION


def two_fingers_make_no_model(client: Adafruit_Fingerprint, world: World) -> None:
    touch(client, world, THUMB, 1, slot=1)
    touch(client, world, OTHER, 1, slot=2)
    assert client.compare_templates() == adafruit.NOMATCH
    assert client.create_model() == adafruit.ENROLLMISMATCH


def template_up_and_down(client: Adafruit_Fingerprint, world: World) -> None:
    enrol(client, world, THUMB, 1, (1, 2))
    assert client.load_model(1, 1) == adafruit.OK
    template = client.get_fpdata("char", 1)
    assert len(template) == 512
    assert client.empty_library() == adafruit.OK

    touch(client, world, THUMB, 3, slot=1)
    assert client.send_fpdata(template, "char", 2)
    assert client.compare_templates() == adafruit.OK
    assert client.store_model(9, 2) == adafruit.OK
    assert client.finger_search() == adafruit.OK
    assert client.finger_id == 9

    touch(client, world, "112", 1, slot=1)
    assert client.compare_templates() == adafruit.NOMATCH


def image_up_and_down(client: Adafruit_Fingerprint, world: World) -> None:
    world.place_finger(finger_image(THUMB, 1))
    assert client.get_image() == adafruit.OK
    image = client.get_fpdata("image")
    world.place_finger(finger_image(OTHER, 1))
    assert client.get_image() == adafruit.OK
    assert client.get_fpdata("image") != image

    assert client.send_fpdata(image, "image")
    assert client.get_fpdata("image") == image
    pixels = bytes(grey for pair in image for grey in (pair & 0xF0, (pair & 15) << 4))
    size = (256, 288) if len(pixels) == 256 * 288 else (192, 192)
    with Image.open(finger_image(THUMB, 1)) as whole:
        left, top = (whole.width - size[0]) // 2, (whole.height - size[1]) // 2
        middle = whole.convert("L").crop((left, top, left + size[0], top + size[1]))
    if size == (256, 288):  # the R503's 508 dpi are scaled from the picture's 500
        assert pixels == bytes(grey & 0xF0 for grey in middle.tobytes())


@pytest.mark.wall
@pytest.mark.parametrize("model", ["zfm20", "r503"])
@pytest.mark.parametrize(
    "story", [enrol_and_search, two_fingers_make_no_model, template_up_and_down, image_up_and_down]
)
async def test_adafruits_client(
    tmp_path: Path, model: str, story: Callable[[Adafruit_Fingerprint, World], None]
) -> None:
    await with_client(tmp_path, model, story)


def settings(client: Adafruit_Fingerprint, world: World) -> None:
    for code, size in ((0, 32), (3, 256)):
        assert client.set_sysparam(6, code) == adafruit.OK
        assert client.read_sysparam() == adafruit.OK
        assert client.data_packet_size == code, size
        world.place_finger(finger_image(THUMB, 1))
        assert client.get_image() == adafruit.OK
        assert len(client.get_fpdata("image")) == 192 * 192 // 2
    assert client.set_led(color=1, mode=3) == adafruit.OK
    assert world.light == "on red"
    client.soft_reset()
    assert world.light == "off"


@pytest.mark.wall
async def test_adafruits_client_sets_an_r503_up_and_restarts_it(tmp_path: Path) -> None:
    await with_client(tmp_path, "r503", settings)
