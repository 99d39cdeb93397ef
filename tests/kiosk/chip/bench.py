"""A card in the hand: the encoder's channel straight to a simulated chip, with a hand that can tear it away."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause
from kiosk.cards.jws import CentreKey
from kiosk.cards.personalise import layout
from kiosk.cards.personalise.files import Plan
from kiosk.cards.personalise.package import Gate, Once, UsedPackages
from kiosk.cards.record import CardRecord
from sim.card_encoder.chip import Chip
from sim.card_encoder.memory import Supply
from sim.centre import PUBLIC_KEY_B64, Centre, CentreTransport, Person
from sim.centre.registry import ISSUER, KIOSK
from sim.clock import OfficeClock

UID = bytes.fromhex("04A1B2C3D4E5F6")


@dataclass
class Hand:
    """`memory` is the chip's; a new `Chip` on it is the same card after a power cut. `torn`: which commands (counted
    from 1 over the card's life) are cut in the middle; `lost`: whose answers never arrive. `supply`: the chip's power,
    which may also be cut at one of its writes."""

    memory: dict[str, bytes] = field(default_factory=dict, repr=False)
    uid: bytes = UID
    torn: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    hook: Callable[[bytes], bytes | None] = lambda apdu: None
    sent: list[bytes] = field(default_factory=list, repr=False)
    received: list[bytes] = field(default_factory=list, repr=False)
    resets: int = 0
    supply: Supply = field(default_factory=Supply)
    seed: int = 0

    def __post_init__(self) -> None:
        self._chip: Chip | None = self._powered()

    def _powered(self) -> Chip:
        return Chip(self.memory, uid=self.uid, supply=self.supply, seed=self.seed)

    @property
    def atr(self) -> bytes:
        return bytes.fromhex("3B80800101")

    async def transmit(self, apdu: bytes) -> bytes:
        if self._chip is None:
            raise DeviceError(DeviceCause.CARD_LOST, "torn")
        if apdu[0] == 0xFF:
            return self.uid + b"\x90\x00"
        self.sent.append(apdu)
        forced = self.hook(apdu)
        if forced is not None:
            return forced
        torn = len(self.sent) in self.torn
        answer = self._chip.exchange(apdu, torn=torn).answer
        if torn or not answer or len(self.sent) in self.lost:
            self._chip = None
            raise DeviceError(DeviceCause.CARD_LOST, "torn")
        self.received.append(answer)
        return answer

    async def reset(self) -> bytes:
        self.resets += 1
        self._chip = self._powered()
        return self.atr

    async def close(self) -> None:
        """Nothing to close."""


def centre() -> tuple[Centre, httpx.AsyncClient]:
    """The simulated centre and the way to it."""
    one = Centre(OfficeClock().now)
    return one, httpx.AsyncClient(transport=CentreTransport(one), base_url="http://centre")


def gate(used: UsedPackages | None = None) -> Gate:
    """Lets in what the simulated centre signs for this kiosk."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY_B64))
    return Gate(CentreKey(ISSUER, key), "SPC01", KIOSK, OfficeClock(), used or Once())


def plan(person: Person, size: str = "S") -> Plan:
    return Plan(layout.load("nid-td1"), size, CardRecord.model_validate(person.record))
