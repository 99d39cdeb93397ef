"""Makes the registry's records of the specimen fingers: `python -m tests.tools.make_finger_templates`.

Stands between sim and kiosk because sim must not import the extractor. Run it again when the extractor changes, then
commit what it wrote; tests/sim/test_specimen_fingers.py says when that is due.
"""

from pathlib import Path

from PIL import Image

from drivers.contract.fingerprint_scanner import FingerImage
from kiosk.biometrics.extractor import extract
from kiosk.biometrics.template import Template, encode
from sim.data import finger_image, finger_names


def make(finger: str) -> bytes:
    """The record of impression 1, from the whole picture: the registry's own scanner is larger than the kiosk's."""
    return encode(extracted(finger_image(finger, 1)))


def extracted(path: Path) -> Template:
    """What the extractor finds on the whole picture."""
    with Image.open(path) as picture:
        grey = picture.convert("L")
    return extract(FingerImage(grey.width, grey.height, 500, bytearray(grey.tobytes())))


def main() -> None:
    for finger in finger_names():
        path: Path = finger_image(finger, 1).with_name(f"{finger}.fmr")
        path.write_bytes(make(finger))


if __name__ == "__main__":
    main()
