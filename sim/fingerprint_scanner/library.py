"""The module's two buffers for character files and its library in flash, with the answers to what a host asks of them.

Instructions 02 to 07, 0C, 0D, 1B, 1D and 1F of the ZFM-20 and R503 manuals. Each answers (confirmation code, data).
"""

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
        self._pages = pages
        self._capacity = capacity
        self.buffers: dict[int, bytes] = {}

    def forget(self) -> None:
        """The power is gone."""
        self.buffers.clear()

    def extract(self, buffer: int, image: bytes, width: int, height: int) -> int:
        """Img2Tz: the confirmation code. The image has two pixels per byte."""
        if buffer not in BUFFERS:
            return BAD_PACKET
        pairs = np.frombuffer(image, np.uint8)
        pixels = np.stack((pairs >> 4, pairs & 15), axis=1).reshape(height, width) * 17.0
        file = ridges.character_file(pixels)
        if file is None:
            return TOO_FEW
        self.buffers[buffer] = file
        return OK

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
        scores = {page: _alike(file, self._pages[page]) for page in self._within(start, count)} if file else {}
        best = max(scores, key=lambda page: scores[page], default=None)
        if best is None or scores[best] < ridges.MATCH:
            return NOT_FOUND, bytes(4)
        return OK, best.to_bytes(2, "big") + scores[best].to_bytes(2, "big")

    def merge(self, _: bytes) -> Answer:
        """RegModel: one template of two touches, into both buffers; 0A if they are not of one finger."""
        one, two = self.buffers.get(1), self.buffers.get(2)
        if one is None or two is None or _alike(one, two) < ridges.MATCH:
            return CANNOT_MERGE, b""
        self.buffers = dict.fromkeys(BUFFERS, one[: ridges.FILE_BYTES] + two[: ridges.FILE_BYTES])
        return OK, b""

    def store(self, given: bytes) -> Answer:
        buffer, page = given[0], int.from_bytes(given[1:], "big")
        if page >= self._capacity or buffer not in self.buffers:
            return OUT_OF_RANGE, b""
        self._pages[page] = self.buffers[buffer]
        return OK, b""

    def load(self, given: bytes) -> Answer:
        buffer, page = given[0], int.from_bytes(given[1:], "big")
        if page >= self._capacity or buffer not in BUFFERS:
            return OUT_OF_RANGE, b""
        if page not in self._pages:
            return NO_TEMPLATE, b""
        self.buffers[buffer] = self._pages[page]
        return OK, b""

    def delete(self, given: bytes) -> Answer:
        start, count = int.from_bytes(given[:2], "big"), int.from_bytes(given[2:], "big")
        if start + count > self._capacity:
            return DELETE_FAILED, b""
        for page in self._within(start, count):
            del self._pages[page]
        return OK, b""

    def empty(self, _: bytes) -> Answer:
        self._pages.clear()
        return OK, b""

    def count(self, _: bytes) -> Answer:
        return OK, len(self._pages).to_bytes(2, "big")

    def index_table(self, given: bytes) -> Answer:
        """ReadIndexTable: 256 pages, one bit each, lowest bit first."""
        if given[0] > 3:
            return OUT_OF_RANGE, b""
        table = bytearray(32)
        for page in self._within(256 * given[0], 256):
            table[page // 8 % 32] |= 1 << page % 8
        return OK, bytes(table)

    def _within(self, start: int, count: int) -> list[int]:
        return [page for page in sorted(self._pages) if start <= page < start + count]


def _alike(one: bytes, other: bytes) -> int:
    """The best score of any touch in `one` against any in `other`."""
    return max(ridges.alike(first, second) for first in _files(one) for second in _files(other))


def _files(template: bytes) -> list[bytes]:
    return [template[at : at + ridges.FILE_BYTES] for at in range(0, max(len(template), 1), ridges.FILE_BYTES)]
