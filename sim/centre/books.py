"""What kiosks have told the centre, and what it can prove of that: the chain of their events, keys and checkpoints.

Written from docs/audit.md, not from the kiosk: the two can only agree by the bytes on the line.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_sorted = json.JSONEncoder(sort_keys=True).encode
"""Made once: with this argument `json.dumps` makes an encoder at each call."""
START = bytes(32)
ENDS = ("taken", "scrapped", "captured", "void", "unknown")
"""How a card job may end, as the kiosk tells it: `card_taken` and so on."""


@dataclass(frozen=True, slots=True)
class KioskEvent:
    """Something a kiosk has told."""

    kiosk: str
    sequence: int
    kind: str
    at: str
    body: dict[str, Any]


@dataclass
class KioskBook:
    """One kiosk's events, each once, and how far they are whole."""

    kiosk: str
    events: dict[int, KioskEvent] = field(default_factory=dict)
    whole: int = 0
    """The highest sequence up to which none is missing."""
    chain: bytes = START
    """Hash over all events up to `whole`."""
    chains: dict[int, bytes] = field(default_factory=lambda: {0: START})
    """The same after each of them."""
    key: Ed25519PublicKey | None = None
    checkpoints: dict[int, str] = field(default_factory=dict)
    """By the number of the newest audit record that each covers."""
    lost_stretches: list[dict[int, str]] = field(default_factory=list)
    """Checkpoints of before each break that two people at the kiosk have accepted."""
    alarms: list[str] = field(default_factory=list)
    """What a person at the centre must look into."""

    def take(self, event: KioskEvent) -> bool:
        """Keeps an event; False if it was known. One told again with other contents is an alarm."""
        known = self.events.get(event.sequence)
        if known is not None:
            if known != event:
                self.alarms.append(f"event {event.sequence} was told again with other contents")
            return False
        self.events[event.sequence] = event
        while (following := self.events.get(self.whole + 1)) is not None:
            self._append(following)
        return True

    def _append(self, event: KioskEvent) -> None:
        fields = ["anjungan-outbox-1", event.sequence, event.at, event.kind, event.body, self.chain.hex()]
        self.chain = hashlib.sha256(_sorted(fields).encode()).digest()
        self.whole = event.sequence
        self.chains[self.whole] = self.chain
        if event.kind == "kiosk_key":
            self._register(event.body)
        elif event.kind == "checkpoint":
            self._keep(str(event.body.get("text")))
        elif event.kind == "journal_accepted":
            self.lost_stretches.append(self.checkpoints)
            self.checkpoints = {}

    def _register(self, body: dict[str, Any]) -> None:
        if self.key is not None:
            self.alarms.append("the kiosk has another key than before")
        self.key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(body["key"])))

    def _keep(self, text: str) -> None:
        signed, _, signature = text.rpartition("//")
        try:
            kiosk, sequence, _, head = signed.split("//")[2].split("/")
            if self.key is None or kiosk != self.kiosk or not head:
                raise ValueError("not of this kiosk")
            self.key.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode())
        except (ValueError, IndexError, InvalidSignature):
            self.alarms.append("a checkpoint that this kiosk has not signed")
            return
        if self.checkpoints and int(sequence) <= max(self.checkpoints):
            self.alarms.append(f"checkpoint {sequence} comes after {max(self.checkpoints)}")
        self.checkpoints[int(sequence)] = text

    def account(self, held: list[tuple[int, str]]) -> dict[str, Any]:
        """What a kiosk must know that has lost the end of its journal. `held`: events that it has, with hashes."""
        same = [sequence for sequence, chain in held if self.chains.get(sequence, b"").hex() == chain]
        agreed = max(same, default=0)
        told = [self.events[number] for number in range(agreed + 1, self.whole + 1)]
        cards = {
            str(one.body["job"]): {name: one.body.get(name) for name in ("job", "approval", "uid")} | {"end": end}
            for one in told
            if (end := one.kind.removeprefix("card_")) in ENDS and "job" in one.body
        }
        sealed = max((max(kept) for kept in (*self.lost_stretches, self.checkpoints) if kept), default=0)
        return {
            "agreed": agreed,
            "sequence": self.whole,
            "chain": self.chain.hex(),
            "sealed": sealed,
            "cards": list(cards.values()),
        }
