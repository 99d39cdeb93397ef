"""Opens a session with a card, whichever keys it has: a blank first gets its own.

INITIALIZE UPDATE asks for the set that the card itself would take (key version 00), and the card's answer says which it
is. So after a power cut inside PUT KEY the card is asked, and nobody has to try a key: a wrong try is counted.
"""

from dataclasses import replace

from drivers.contract.card_encoder import CardChannel
from kiosk.cards.chip import ChipError, ChipReason, expect, select_application, send
from kiosk.cards.personalise import scp03
from kiosk.cards.personalise.custody import CardSession, Errand, KeyCustody, Purpose
from kiosk.cards.personalise.layout import Layout
from kiosk.cards.personalise.scp03 import CardAnswer, ChannelError

ANY_VERSION = 0x00
BLOCKED = 0x6983


async def open_session(custody: KeyCustody, channel: CardChannel, errand: Errand, layout: Layout) -> CardSession:
    """A session for `errand` (WRITE or FINISH) under the card's own keys. Those of a blank are replaced first.

    ChipError AUTHENTICATION if the card holds other keys, PackageError if the errand is not allowed, KeysAway.
    """
    challenge, answer = await _initialize(custody, channel)
    version = CardAnswer.parse(answer).key_version
    if version == layout.transport_version and errand.purpose is Purpose.WRITE:
        await _give_keys(custody, channel, replace(errand, purpose=Purpose.KEYS), layout, challenge, answer)
        challenge, answer = await _initialize(custody, channel)
        version = CardAnswer.parse(answer).key_version
    if version != layout.key_version:
        raise ChipError(ChipReason.AUTHENTICATION, f"the chip has keys of version {version:02X}, which are not ours")
    return await _authenticated(custody, channel, errand, challenge, answer)


async def _give_keys(
    custody: KeyCustody, channel: CardChannel, errand: Errand, layout: Layout, challenge: bytes, answer: bytes
) -> None:
    session = await _authenticated(custody, channel, errand, challenge, answer)
    status, data = await send(channel, await session.new_keys(layout.key_version))
    expect(status, "PUT KEY")
    try:
        await session.check_keys(data + status.to_bytes(2, "big"))
    except ChannelError as error:
        raise ChipError(ChipReason.AUTHENTICATION, f"PUT KEY: {error}") from error


async def _initialize(custody: KeyCustody, channel: CardChannel) -> tuple[bytes, bytes]:
    """(host challenge, data of the card's answer)."""
    status, _ = await send(channel, select_application())
    expect(status, "SELECT application")
    challenge = await custody.host_challenge()
    status, answer = await send(channel, scp03.initialize_update(ANY_VERSION, challenge))
    if status == BLOCKED:
        raise ChipError(ChipReason.LOCKED, f"INITIALIZE UPDATE: {status:04X}")
    expect(status, "INITIALIZE UPDATE", otherwise=ChipReason.AUTHENTICATION)
    return challenge, answer


async def _authenticated(
    custody: KeyCustody, channel: CardChannel, errand: Errand, challenge: bytes, answer: bytes
) -> CardSession:
    try:
        session = await custody.open_session(errand, challenge, answer)
    except ChannelError as error:
        raise ChipError(ChipReason.AUTHENTICATION, str(error)) from error
    status, _ = await send(channel, session.authenticate)
    expect(status, "EXTERNAL AUTHENTICATE", otherwise=ChipReason.AUTHENTICATION)
    return session
