"""What a technician orders: the cleaning cycle and the restart. Both leave a card in the path where it is."""

import asyncio

from drivers.card_printer.evolis import meaning
from drivers.card_printer.evolis.protocol import frame
from drivers.card_printer.evolis.refusals import not_begun, not_ready, sequence, unknown
from drivers.card_printer.evolis.steps import Steps
from drivers.contract.card_printer import CardPosition
from drivers.contract.errors import DeviceError
from drivers.contract.words import Completion, DeviceCause, JobOutcome

_NO_CLEANING = frozenset({DeviceCause.COVER_OPEN, DeviceCause.JAM, DeviceCause.HARDWARE, DeviceCause.POWER})


async def clean(steps: Steps) -> None:
    """`Scp`, with a cleaning card in the feeder and nothing in the path."""
    with not_begun():
        words = await steps.at_rest_and_cleared()
        where = steps.sensors.position(words)
        if where is not CardPosition.NONE:
            raise sequence(f"clean: a card is in the path ({where})")
        stopping = [cause for cause in meaning.causes(words) if cause in _NO_CLEANING]
        if stopping:
            raise not_ready(stopping[0], f"clean: {words.raw()}")
        await steps.host_in_charge()
    await steps.move("Scp", lambda _: True, steps.options.clean_timeout)


async def reset(steps: Steps) -> None:
    """`Srs`. The link may go down on the way, and the order's own answer with it."""
    await steps.begin(frame("Srs"))
    loop = asyncio.get_running_loop()
    end = loop.time() + steps.options.reset_timeout
    while True:
        await asyncio.sleep(steps.options.poll_interval)
        try:
            words = await steps.look()
            if steps.sensors.restart_known is not False and not meaning.moving(words):
                return
        except DeviceError as error:
            if loop.time() >= end:
                raise unknown(error, "after a reset") from error
        if loop.time() >= end:
            raise DeviceError(
                DeviceCause.SENSOR,
                f"reset: not confirmed within {steps.options.reset_timeout:g} s",
                completion=Completion.TIMED_OUT,
                outcome=JobOutcome.UNKNOWN,
            )
