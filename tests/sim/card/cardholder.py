"""A specimen card: what an issuer writes on it, and the power-ups of one physical chip."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from sim.card_encoder.chip import Chip
from sim.card_encoder.memory import Supply
from tests.sim.card import terminal
from tests.sim.card.terminal import Host, said, select_file

UID = bytes.fromhex("04000000000001")
MRZ = b"SPC0000017900517803052125"[:24]
FILES = {
    0x0102: bytes(range(256)) * 2,
    0x010B: b"k" + b"address" * 20,
    0x010D: b"minutiae" * 40,
    0x0101: b"a[" + b"SPECIMEN<" * 10,
    0x011C: bytes.fromhex("31143012060A04007F0007020204020202010202010C"),
    0x011D: b"w" + b"signed" * 50,
    0x011E: bytes.fromhex("601B5F0104303130375F36063034303030305C0661756B6D"),
}


@dataclass
class PhysicalCard:
    """One chip's memory and supply, over any number of power-ups. `keyed`: its issuer has given it keys beforehand."""

    cells: dict[str, bytes] = field(default_factory=dict)
    supply: Supply = field(default_factory=Supply)
    write_fails: Callable[[], bool] = lambda: False
    starts: int = 0
    keyed: bool = True

    def __post_init__(self) -> None:
        if self.keyed:
            self.cells.setdefault("master", terminal.MASTER)

    def start(self) -> terminal.Send:
        """A cold start: the way to talk to it from now on."""
        self.starts += 1
        chip = Chip(
            self.cells,
            uid=UID,
            supply=self.supply,
            write_fails=self.write_fails,
            seed=self.starts,
        )
        return lambda apdu: chip.exchange(apdu).answer

    def chosen(self) -> terminal.Send:
        """A cold start and the application selected."""
        send = self.start()
        said(send(terminal.SELECT))
        return send


def store(number: int, offset: int, piece: bytes, *, block: int = 0, last: bool = False) -> bytes:
    data = number.to_bytes(2, "big") + offset.to_bytes(2, "big") + piece
    return bytes([0x80, 0xE2, 0x80 if last else 0x00, block, len(data)]) + data


def state_of(send: terminal.Send) -> tuple[int, bytes]:
    """Application state and committed digest, from the status object."""
    answer = said(send(bytes.fromhex("00CAFF2000")))
    assert answer[:2] == b"\xff\x20"
    assert answer[3:5] == b"\x80\x01"
    size = answer[7]
    return answer[5], answer[8 : 8 + size]


def digest_of(files: dict[int, bytes]) -> bytes:
    total = hashlib.sha256()
    for number, content in sorted(files.items()):
        total.update(number.to_bytes(2, "big") + len(content).to_bytes(4, "big") + content)
    return total.digest()


def write(host: Host, send: terminal.Send, files: dict[int, bytes]) -> None:
    """All files and the access keys, as blocks of one STORE DATA sequence."""
    pieces = [
        (number, offset, content[offset : offset + 231])
        for number, content in files.items()
        for offset in range(0, len(content), 231)
    ]
    pieces.append((0xFF01, 0, MRZ))
    for block, (number, offset, piece) in enumerate(pieces):
        last = block == len(pieces) - 1
        said(host.ask(send, store(number, offset, piece, block=block & 0xFF, last=last)))


def commit(host: Host, send: terminal.Send, digest: bytes) -> bytes:
    return host.ask(send, b"\x80\xf0\x40\x0f\x20" + digest)


def personalise(
    card: PhysicalCard, *, level: int = 0x33, journal: Callable[[bytes], None] = lambda digest: None
) -> dict[int, bytes]:
    """The whole order of writes: a key made on the chip and its DG15, files, access keys, read-back, commit.

    `journal` is told the digest before it is sent. CardGone if the power goes.
    """
    send = card.chosen()
    host = terminal.host(UID, level=level)
    host.open(send)
    public = said(host.ask(send, bytes.fromhex("0046800000")))
    files = {0x010F: b"o" + public[-65:], **FILES}
    write(host, send, files)
    journal(digest_of(files))
    answer = said(host.ask(send, bytes.fromhex("80CAFF2100")))
    assert answer[5:] == digest_of(files)
    said(commit(host, send, digest_of(files)))
    return files


def by_bac(card: PhysicalCard) -> Callable[[bytes], bytes]:
    send = card.chosen()
    session = terminal.bac(send, MRZ, random.Random(9))
    return lambda apdu: session.ask(send, apdu)


def by_pace(card: PhysicalCard) -> Callable[[bytes], bytes]:
    """From the master file, as an inspection system begins (Doc 9303-11, 4.2)."""
    send = card.start()
    terminal.choose_pace(send)
    session = terminal.pace(send, MRZ, random.Random(9))
    said(session.ask(send, terminal.SELECT))
    return lambda apdu: session.ask(send, apdu)


__all__ = [
    "FILES", "MRZ", "UID", "PhysicalCard", "by_bac", "by_pace", "commit", "digest_of", "personalise", "select_file",
    "state_of", "store", "write",
]  # fmt: skip
