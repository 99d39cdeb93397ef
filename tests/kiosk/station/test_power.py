"""The mains go while the UPS still carries the kiosk: finished or made safe within the budget, then switched off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drivers.contract.indicator import Mains
from kiosk.api import messages as m
from kiosk.devices.profile import Power, Slot
from kiosk.journal.audit import Event
from sim.indicator.ups import Simulator
from sim.world import Place
from tests.journeys.office import Office, office


class OnBattery:
    """An office whose kiosk has a UPS with a power-fail contact."""

    def __init__(self, kiosk: Office, ups: Simulator) -> None:
        self.kiosk = kiosk
        self.ups = ups
        self.switched_off: list[float] = []
        self.failed_at = 0.0
        assert kiosk.station.power is not None
        kiosk.station.power._switch_off = self._switched_off

    def fail(self) -> None:
        self.failed_at = asyncio.get_running_loop().time()
        self.ups.mains(False)

    async def _switched_off(self) -> None:
        self.switched_off.append(asyncio.get_running_loop().time() - self.failed_at)

    async def off(self) -> float:
        """Seconds from the failure to the machine's own switching off."""
        async with asyncio.timeout(600):
            while not self.switched_off:
                await asyncio.sleep(0.1)
        return self.switched_off[0]


@asynccontextmanager
async def on_battery(folder: Path, *, budget: float = 90.0) -> AsyncIterator[OnBattery]:
    def fit(kiosk: Office) -> None:
        slot = Slot(driver="ups", transport="sim:ups")
        slots = kiosk.profile.slots.model_copy(update={"indicator": slot})
        kiosk.profile = kiosk.profile.model_copy(update={"slots": slots, "power": Power(budget_seconds=budget)})
        kiosk.simulators["indicator"] = Simulator(kiosk.world)

    async with office(folder, prepare=fit) as kiosk:
        yield OnBattery(kiosk, kiosk.simulators["indicator"])


async def test_an_idle_kiosk_seals_its_record_and_switches_off_at_once(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        power.fail()
        assert await power.off() < 1.0
        report = await power.kiosk.api.journal()
        assert report.sealed == report.records, "the last record is covered by the last checkpoint"
        assert len(power.kiosk.audited(Event.POWER_FAILED)) == 1


async def test_a_card_in_work_is_finished_and_handed_out_within_the_budget(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        kiosk = power.kiosk
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        power.fail()
        await kiosk.stage(m.Stage.TAKE_CARD)
        assert not power.switched_off
        kiosk.world.take_card()
        await kiosk.stage(m.Stage.DONE)
        assert await power.off() < 85
        await kiosk.balanced(taken=1)


async def test_a_budget_too_short_leaves_the_card_to_the_next_start(tmp_path: Path) -> None:
    async with on_battery(tmp_path, budget=8.0) as power:
        kiosk = power.kiosk
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        power.fail()
        assert 2.9 <= await power.off() <= 8.0
        await kiosk.power_cut()
        await kiosk.until(lambda state: state.ready and state.blanks.path == 0)
        blanks = (await kiosk.api.state()).blanks
        assert (blanks.holder, blanks.reject + blanks.capture, blanks.unknown) == (0, 1, 0)
        await kiosk.balanced(taken=0, scrapped=blanks.reject, captured=blanks.capture)


async def test_who_waits_with_his_finger_is_told_and_no_blank_is_fed(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        kiosk = power.kiosk
        await kiosk.scan_slip()
        power.fail()
        assert (await kiosk.stage(m.Stage.CANNOT)).cause == m.Cause.POWER_FAILING
        assert await kiosk.refused(kiosk.scan_slip()) == m.Cause.POWER_FAILING
        await power.off()
        assert len(kiosk.world.at(Place.HOPPER)) == 5


async def test_no_second_blank_is_fed_after_the_first_was_scrapped(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        kiosk = power.kiosk
        kiosk.encoder.faults.fail_next("dead-chip")
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.ENCODE)
        power.fail()
        ended = await kiosk.stage(m.Stage.CANNOT, m.Stage.STAFF)
        assert ended.cause == m.Cause.POWER_FAILING
        await power.off()
        await kiosk.balanced(taken=0, scrapped=1)


async def test_the_mains_come_back_and_the_kiosk_goes_on(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        kiosk = power.kiosk
        await kiosk.scan_slip()
        kiosk.finger()
        await kiosk.step(m.Step.PRINT)
        power.fail()
        await asyncio.sleep(2)
        power.ups.mains(True)
        assert (await kiosk.collect_to_the_end()).stage is m.Stage.DONE
        await asyncio.sleep(60)
        assert power.switched_off == []
        assert len(kiosk.audited(Event.POWER_RETURNED)) == 1
        await kiosk.until(lambda state: state.collecting)


async def test_a_spike_on_the_line_is_not_believed(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        power.ups.spike()
        await asyncio.sleep(5)
        assert power.switched_off == []
        assert power.kiosk.audited(Event.POWER_FAILED) == []


async def test_a_contact_that_bounces_is_believed_once_it_rests(tmp_path: Path) -> None:
    async with on_battery(tmp_path) as power:
        power.ups.faults.fail_next("glitch")
        power.fail()
        assert 0.1 <= await power.off() < 1.0


async def test_a_line_that_is_gone_says_nothing_about_the_mains(tmp_path: Path) -> None:
    """An unplugged wire must not switch a kiosk off, nor may it hide: the device is shown as missing."""
    async with on_battery(tmp_path) as power:
        kiosk = power.kiosk
        await kiosk.links["indicator"].unplug()
        await kiosk.until(lambda state: any(d.slot == "indicator" and d.causes for d in state.devices))
        assert kiosk.station.machine.indicator is not None
        assert kiosk.station.machine.indicator.mains is Mains.UNKNOWN
        await asyncio.sleep(5)
        assert power.switched_off == []
        assert (await kiosk.api.state()).collecting
