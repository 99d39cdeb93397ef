"""A chip card at the reader."""

import asyncio

import pytest

from drivers.contract.card_encoder import CardChannel, CardEncoder
from drivers.contract.errors import DeviceError
from drivers.contract.words import DeviceCause, Media
from tests.devices.test_any_device import until_ready
from tests.devices.trial import Deed, Opened, Trial

UID = bytes.fromhex("FFCA000000")
"""PC/SC part 3: the reader's own command for the card's number; a contact card has none."""
SELECT = bytes.fromhex("00A4000C023F00")
"""ISO/IEC 7816-4: the master file. Whatever the chip thinks of it, it is the chip that answers."""


def encoder(one: Trial) -> CardEncoder:
    assert isinstance(one.driver, CardEncoder)
    return one.driver


async def asked_for_ever(channel: CardChannel) -> None:
    """A reader notices a card that is gone when it looks."""
    while True:
        await channel.transmit(SELECT)
        await asyncio.sleep(0.1)


async def test_without_a_card_there_is_no_card(card_encoder: Opened) -> None:
    async with card_encoder() as one:
        with pytest.raises(DeviceError) as caught:
            await encoder(one).open(timeout=0.5)
        assert caught.value.cause is DeviceCause.NO_CARD


async def test_a_card_is_seen_talked_to_let_go_and_seen_again(card_encoder: Opened) -> None:
    async with card_encoder() as one:
        one.hands.needed(Deed.CARD)
        await one.hands.do(Deed.CARD)
        numbers = []
        for _ in range(2):
            channel = await encoder(one).open(timeout=5.0)
            assert channel.atr
            numbers.append(await channel.transmit(UID))
            await channel.close()
            await channel.close()
        assert numbers[0] == numbers[1]
        assert (await one.driver.poll()).media is Media.PRESENT
        await one.hands.do(Deed.NO_CARD)
        async with asyncio.timeout(one.patience):
            while (await one.driver.poll()).media is not Media.NOT_PRESENT:
                await asyncio.sleep(0.1)
        await until_ready(one)


async def test_a_card_that_goes_in_the_middle_is_an_error_and_the_next_one_is_served(card_encoder: Opened) -> None:
    async with card_encoder() as one:
        one.hands.needed(Deed.CARD)
        await one.hands.do(Deed.CARD)
        channel = await encoder(one).open(timeout=5.0)
        await one.hands.do(Deed.NO_CARD)
        async with asyncio.timeout(one.patience):
            with pytest.raises(DeviceError):
                await asked_for_ever(channel)
        await channel.close()
        await one.hands.do(Deed.CARD)
        channel = await encoder(one).open(timeout=5.0)
        assert channel.atr
        await channel.close()
        await one.hands.do(Deed.NO_CARD)
