"""Who holds the keys of the cards. One interface, and no method of it ever gives a key away.

| tier | who | what a stolen kiosk holds |
|---|---|---|
| K0 | the centre wraps the commands (kiosk.centre.cards) | nothing |
| K2 | a PKCS#11 token computes the card's keys (kiosk.cards.personalise.token) | the keys of the card being made |
| K3 | `software_keys`: the public test key, in simulation only | everything; a production profile refuses it |
"""

from collections.abc import Sequence
from typing import Protocol

from kiosk.api.messages import Cause
from kiosk.cards.personalise import scp03
from kiosk.cards.personalise.scp03 import FULL, Channel, Cmac
from kiosk.clock import Chance

TEST_MASTER = bytes(range(0x40, 0x50))
"""The test key of the GlobalPlatform card specification: everybody knows it."""
KEY_BITS = 128
ENC, MAC = 0x01, 0x02
_SYSTEM = b"\x01ANJUNGAN"
"""Begins the diversification input: version of the scheme, then whose cards these are."""
_UID_FIELD = 8


class CentreAway(Exception):
    """Whoever holds the keys, or signs, cannot be asked. Nothing was decided about the card. `cause`: LINK_DOWN or
    CENTRE_DOWN."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause


class CardSession(Protocol):
    """An open secure channel to one card."""

    @property
    def authenticate(self) -> bytes:
        """EXTERNAL AUTHENTICATE, to be sent as it is before anything else."""

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        """The next commands of the session, in order of sending. Whole scripts at once: one may be a journey away."""

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        """The plain answers to the oldest commands without one. ChannelError if one was changed on its way."""


class KeyCustody(Protocol):
    """Holds the master key, or reaches who does."""

    async def host_challenge(self) -> bytes:
        """8 bytes, fresh for every session."""

    async def open_session(self, card_id: bytes, key_version: int, challenge: bytes, card_answer: bytes) -> CardSession:
        """A session with the card of this UID. `card_answer`: data of its answer to INITIALIZE UPDATE. ChannelError if
        the card does not hold the keys: then never again with this card, it counts and locks."""


def diversified(master: Cmac, key_type: int, card_id: bytes) -> bytes:
    """One card's key by NXP AN10922, 2.2 (AES-128): CMAC over the constant 01 and the diversification input.

    With 17 to 32 bytes, as here, this is plain CMAC, which any HSM has; AN10922 pads shorter inputs differently.
    """
    if len(card_id) > _UID_FIELD:
        raise ValueError(f"a card identifier of {len(card_id)} bytes; up to {_UID_FIELD} are diversified")
    return master(b"\x01" + _SYSTEM + bytes([key_type]) + card_id.ljust(_UID_FIELD, b"\x00"))


class LocalKeys:
    """KeyCustody where the card's keys are computed by `master` and used in this process (K2, K3)."""

    def __init__(self, master: Cmac, chance: Chance) -> None:
        self._master = master
        self._chance = chance

    def __repr__(self) -> str:
        return "LocalKeys()"

    async def host_challenge(self) -> bytes:
        return self._chance.token(scp03.CHALLENGE)

    async def open_session(self, card_id: bytes, key_version: int, challenge: bytes, card_answer: bytes) -> CardSession:
        del key_version  # one master key only; a second version would be a second token label
        channel = Channel(
            scp03.aes_cmac(diversified(self._master, ENC, card_id)),
            scp03.aes_cmac(diversified(self._master, MAC, card_id)),
            bits=KEY_BITS,
            level=FULL,
            host_challenge=challenge,
            card_answer=card_answer,
        )
        return _LocalSession(channel)


class _LocalSession:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @property
    def authenticate(self) -> bytes:
        return self._channel.authenticate

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        return [self._channel.wrap(command) for command in commands]

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        return [self._channel.unwrap(response) for response in responses]


def software_keys(chance: Chance, master: bytes = TEST_MASTER) -> LocalKeys:
    """K3, for simulated cards only."""
    return LocalKeys(scp03.aes_cmac(master), chance)
