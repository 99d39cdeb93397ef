"""Who holds the keys of the cards. One interface, and no method of it ever gives a key away.

| tier | who | what a stolen kiosk holds |
|---|---|---|
| K0 | the centre wraps the commands (kiosk.centre.cards) | nothing |
| K1 | a SAM in a second reader wraps them (kiosk.cards.personalise.sam) | the SAM: it counts its uses, wants a PIN |
| K2 | a PKCS#11 token computes the card's keys (kiosk.cards.personalise.token) | the keys of the card being made |
| K3 | `software_keys`: the public test key, in simulation only | everything; a production profile refuses it |
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from drivers.contract.words import DeviceCause
from kiosk.api.messages import Cause
from kiosk.cards.personalise import put_key, scp03
from kiosk.cards.personalise.put_key import Block
from kiosk.cards.personalise.scp03 import FULL, Channel, ChannelError, Cmac
from kiosk.clock import Chance

TEST_MASTER = bytes(range(0x40, 0x50))
"""The test key of the GlobalPlatform card specification: everybody knows it."""
KEY_BITS = 128
ENC, MAC, DEK = 0x01, 0x02, 0x03
_SYSTEM = b"\x01ANJUNGAN"
"""Begins the diversification input: version of the scheme, then whose cards these are."""
_UID_FIELD = 8


class KeysAway(Exception):
    """Whoever holds the keys cannot be asked. Nothing was decided about the card. `cause`: of a SAM what its reader
    says."""

    cause: Cause | DeviceCause

    def __init__(self, cause: Cause | DeviceCause, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause


class CentreAway(KeysAway):
    """The centre, which holds the keys or signs, cannot be asked. `cause`: LINK_DOWN or CENTRE_DOWN."""

    cause: Cause

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(cause, detail)


class Purpose(StrEnum):
    """What a session is opened for. Whoever holds the keys wraps nothing else in it."""

    KEYS = "keys"
    """Replace the transport keys with which a blank came by the card's own; opened with the transport keys."""
    WRITE = "write"
    FINISH = "finish"
    """The card's life cycle goes to SECURED."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One session with one card. `approval`: the id of the centre's approval for it, and `nik` whose card it is."""

    uid: bytes
    purpose: Purpose
    approval: str = ""
    nik: str = field(default="", repr=False)


class CardSession(Protocol):
    """An open secure channel to one card."""

    @property
    def authenticate(self) -> bytes:
        """EXTERNAL AUTHENTICATE, to be sent as it is before anything else."""

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        """The next commands of the session, in order of sending. Whole scripts at once: one may be a journey away."""

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        """The plain answers to the oldest commands without one. ChannelError if one was changed on its way."""

    async def new_keys(self, version: int) -> bytes:
        """PUT KEY, wrapped: the card's own keys, as `version`, in place of all that it has. For Purpose.KEYS only."""

    async def check_keys(self, response: bytes) -> None:
        """Looks into the answer to `new_keys`. ChannelError unless the card has the keys that were meant."""


class KeyCustody(Protocol):
    """Holds the master key, or reaches who does."""

    async def host_challenge(self) -> bytes:
        """8 bytes, fresh for every session."""

    async def open_session(self, errand: Errand, challenge: bytes, card_answer: bytes) -> CardSession:
        """A session with this card for this errand. `card_answer`: data of its answer to INITIALIZE UPDATE.

        ChannelError if the card does not hold the keys: then never again with this card, it counts and locks.
        PackageError if the errand is not allowed, KeysAway if whoever decides cannot be asked.
        """

    async def close(self) -> None:
        """Lets go of whatever holds the keys."""


def diversified(master: Cmac, key_type: int, card_id: bytes) -> bytes:
    """One card's key by NXP AN10922, 2.2 (AES-128): CMAC over the constant 01 and the diversification input.

    With 17 to 32 bytes, as here, this is plain CMAC, which any HSM has; AN10922 pads shorter inputs differently.
    """
    if len(card_id) > _UID_FIELD:
        raise ValueError(f"a card identifier of {len(card_id)} bytes; up to {_UID_FIELD} are diversified")
    return master(b"\x01" + _SYSTEM + bytes([key_type]) + card_id.ljust(_UID_FIELD, b"\x00"))


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys that can be used and not read. `master`: AES-CMAC with the issuer's; `transport` and `cover`: AES-CMAC, and
    AES of one block, with the key that all blanks of a delivery come with (ENC, MAC and DEK alike)."""

    master: Cmac = field(repr=False)
    transport: Cmac = field(repr=False)
    cover: Block = field(repr=False)

    @property
    def public(self) -> bool:
        """One of them is the test key that everybody knows."""
        known = scp03.aes_cmac(TEST_MASTER)(b"")
        return known in (self.master(b""), self.transport(b""))


class LocalKeys:
    """KeyCustody where the card's keys are computed by `keys` and used in this process (K2, K3)."""

    def __init__(self, keys: Keys, chance: Chance) -> None:
        self._keys = keys
        self._chance = chance

    def __repr__(self) -> str:
        return "LocalKeys()"

    async def host_challenge(self) -> bytes:
        return self._chance.token(scp03.CHALLENGE)

    async def open_session(self, errand: Errand, challenge: bytes, card_answer: bytes) -> CardSession:
        enc = mac = self._keys.transport
        if errand.purpose is not Purpose.KEYS:
            enc, mac = (scp03.aes_cmac(diversified(self._keys.master, use, errand.uid)) for use in (ENC, MAC))
        channel = Channel(enc, mac, bits=KEY_BITS, level=FULL, host_challenge=challenge, card_answer=card_answer)
        return _LocalSession(channel, self._keys, errand, scp03.CardAnswer.parse(card_answer).key_version)

    async def close(self) -> None:
        """Nothing to let go of."""


class _LocalSession:
    def __init__(self, channel: Channel, keys: Keys, errand: Errand, version: int) -> None:
        self._channel = channel
        self._keys = keys
        self._errand = errand
        self._version = version
        self._expected = b""

    def __repr__(self) -> str:
        return f"LocalSession({self._errand.purpose})"

    @property
    def authenticate(self) -> bytes:
        return self._channel.authenticate

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        return [self._channel.wrap(command) for command in commands]

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        return [self._channel.unwrap(response) for response in responses]

    async def new_keys(self, version: int) -> bytes:
        own = [diversified(self._keys.master, use, self._errand.uid) for use in (ENC, MAC, DEK)]
        self._expected = put_key.expected(version, own)
        return self._channel.wrap(put_key.command(self._version, version, own, self._keys.cover))

    async def check_keys(self, response: bytes) -> None:
        if self._channel.unwrap(response) != self._expected + b"\x90\x00":
            raise ChannelError("the card's check values are not those of the keys that it was given")


def software_keys(chance: Chance, master: bytes = TEST_MASTER, transport: bytes = TEST_MASTER) -> LocalKeys:
    """K3, for simulated cards only."""
    return LocalKeys(Keys(scp03.aes_cmac(master), scp03.aes_cmac(transport), put_key.aes_block(transport)), chance)


class NoPublicKeys:
    """A KeyCustody for production: a card that comes with the public test keys is refused before the first write."""

    def __init__(self, inner: KeyCustody) -> None:
        self._inner = inner

    async def host_challenge(self) -> bytes:
        return await self._inner.host_challenge()

    async def open_session(self, errand: Errand, challenge: bytes, card_answer: bytes) -> CardSession:
        known = scp03.aes_cmac(TEST_MASTER)
        try:
            Channel(known, known, bits=KEY_BITS, level=FULL, host_challenge=challenge, card_answer=card_answer)
        except ChannelError:
            return await self._inner.open_session(errand, challenge, card_answer)
        raise ChannelError("the card comes with the public test keys; a production kiosk takes none of these")

    async def close(self) -> None:
        await self._inner.close()
