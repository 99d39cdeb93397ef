"""The module's two buffers for character files and its library in flash, with the answers to what a host asks of them.

Instructions 02 to 07, 0C, 0D, 1B, 1D and 1F of the ZFM-20 and R503 manuals. Each answers (confirmation code, data).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from sim.fingerprint_scanner import ridges

OK, TOO_FEW, NO_MATCH, NOT_FOUND, CANNOT_MERGE, OUT_OF_RANGE = 0x00, 0x07, 0x08, 0x09, 0x0A, 0x0B
NO_TEMPLATE, DELETE_FAILED, BAD_PACKET = 0x0C, 0x10, 0x01
BUFFERS: Final = (1, 2)

Answer = tuple[int, bytes]


class Library:
    """`pages` is the flash of the module, by page number from 0; `buffers` are lost with the power. A character file
    has `ridges.FILE_BYTES` bytes, a template two of them: one of each touch that made it."""

    largest: Final = 2 * ridges.FILE_BYTES

    def __init__(self, pages: dict[int, bytes], capacity: int) -> None:
        self.pages = pages
        self.capacity = capacity
        self.buffers: dict[int, bytes] = {}

    def forget(self) -> None:
        """The power is gone."""
        self.buffers.clear()

    def extract(self, buffer: int, image: bytes, width: int, height: int) -> int:
        """Img2Tz: the confirmation code. The image has two pixels per byte."""
        if buffer not in BUFFERS:
            return BAD_PACKET
        file = character_file(image, width, height)
        if file is None:
            return TOO_FEW
        self.buffers[buffer] = file
        return OK

    def best(self, file: bytes, numbers: Iterable[int]) -> tuple[int, int] | None:
        """(page, score) of the template among `numbers` that is most like `file`; None if none is of its finger."""
        scores = {number: _alike(file, self.pages[number]) for number in numbers if number in self.pages}
        page = max(scores, key=lambda number: scores[number], default=None)
        return None if page is None or scores[page] < ridges.MATCH else (page, scores[page])

    def template(self, files: Sequence[bytes]) -> bytes | None:
        """One template of many touches: the first and the last of them. None if they are not all of one finger."""
        if any(_alike(files[0], other) < ridges.MATCH for other in files[1:]):
            return None
        return files[0] + files[-1]

    def match(self, _: bytes) -> Answer:
        """Match: the score of buffer 1 against buffer 2."""
        one, two = self.buffers.get(1), self.buffers.get(2)
        if one is None or two is None:
            return NO_MATCH, bytes(2)
        score = _alike(one, two)
        return (OK if score >= ridges.MATCH else NO_MATCH), score.to_bytes(2, "big")

    def search(self, given: bytes) -> Answer:
        """Search and HighSpeedSearch: the page that is most like the buffer, and its score."""
        file = self.buffers.get(given[0])
        start, count = int.from_bytes(given[1:3], "big"), int.from_bytes(given[3:5], "big")
        found = self.best(file, self._within(start, count)) if file else None
        if found is None:
            return NOT_FOUND, bytes(4)
        page, score = found
        return OK, page.to_bytes(2, "big") + score.to_bytes(2, "big")

    def merge(self, _: bytes) -> Answer:
        """RegModel: one template of two touches, into both buffers; 0A if they are not of one finger."""
        one, two = self.buffers.get(1), self.buffers.get(2)
        template = None
        if one is not None and two is not None:
            template = self.template([one[: ridges.FILE_BYTES], two[: ridges.FILE_BYTES]])
        if template is None:
            return CANNOT_MERGE, b""
        self.buffers = dict.fromkeys(BUFFERS, template)
        return OK, b""

    def store(self, given: bytes) -> Answer:
        buffer, page = given[0], int.from_bytes(given[1:], "big")
        if page >= self.capacity or buffer not in self.buffers:
            return OUT_OF_RANGE, b""
        self.pages[page] = self.buffers[buffer]
        return OK, b""

    def load(self, given: bytes) -> Answer:
        buffer, page = given[0], int.from_bytes(given[1:], "big")
        if page >= self.capacity or buffer not in BUFFERS:
            return OUT_OF_RANGE, b""
        if page not in self.pages:
            return NO_TEMPLATE, b""
        self.buffers[buffer] = self.pages[page]
        return OK, b""

    def delete(self, given: bytes) -> Answer:
        start, count = int.from_bytes(given[:2], "big"), int.from_bytes(given[2:], "big")
        if start + count > self.capacity:
            return DELETE_FAILED, b""
        for page in self._within(start, count):
            del self.pages[page]
        return OK, b""

    def empty(self, _: bytes) -> Answer:
        self.pages.clear()
        return OK, b""

    def count(self, _: bytes) -> Answer:
        return OK, len(self.pages).to_bytes(2, "big")

    def index_table(self, given: bytes) -> Answer:
        """ReadIndexTable: 256 pages, one bit each, lowest bit first."""
        if given[0] > 3:
            return OUT_OF_RANGE, b""
        table = bytearray(32)
        for page in self._within(256 * given[0], 256):
            table[page // 8 % 32] |= 1 << page % 8
        return OK, bytes(table)

    def _within(self, start: int, count: int) -> list[int]:
        return [page for page in sorted(self.pages) if start <= page < start + count]


def character_file(image: bytes, width: int, height: int) -> bytes | None:
    """What the module makes of an image of two pixels per byte; None if there are too few ridges in it."""
    pairs = np.frombuffer(image, np.uint8)
    pixels = np.stack((pairs >> 4, pairs & 15), axis=1).reshape(height, width) * 17.0
    return ridges.character_file(pixels)


def _alike(one: bytes, other: bytes) -> int:
    """The best score of any touch in `one` against any in `other`."""
    return max(ridges.alike(first, second) for first in _files(one) for second in _files(other))


def _files(template: bytes) -> list[bytes]:
    return [template[at : at + ridges.FILE_BYTES] for at in range(0, max(len(template), 1), ridges.FILE_BYTES)]
