"""The console's commands. Each is a question to kioskd over its API; `help` and `version` answer without it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from importlib.metadata import version as installed_version

from kiosk.api import messages as m
from kiosk.api.client import ApiError, Client
from kiosk.diagnostics.words import error, ok, trace

ANSWER_SECONDS = 5.0
"""How long kioskd may take for a look at what it knows."""
SELFTEST_SECONDS = 120.0
LOG_LINES = 20
LOG_LINES_MOST = 200

Answer = AsyncGenerator[str, None]
DOWN = "kioskd does not answer. On the kiosk: systemctl status kioskd; journalctl -u kioskd -n 50; the cards stay put"
SILENT = "kioskd is there but gave no answer within {:.0f} s. On the kiosk: systemctl restart kioskd; cards stay put"


class BadArgument(ValueError):
    """The text says what the command takes."""


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    """One or two words."""
    arguments: str
    sentence: str
    run: Callable[["Commands", list[str]], Answer]


class Commands:
    """Answers one line at a time. The last line of each answer starts with OK or ERROR."""

    def __init__(self, kioskd: Callable[[], Client], *, patience: float = ANSWER_SECONDS) -> None:
        """`kioskd` makes a client for one question: the console outlives any kioskd it has spoken to."""
        self._kioskd = kioskd
        self._patience = patience

    async def answer(self, text: str) -> Answer:
        """The lines that answer the command line `text`; raises nothing."""
        words = text.split()
        command = TABLE.get(" ".join(words[:2])) or TABLE.get(words[0])
        if command is None:
            yield error("unknown-command", f"{words[0]}: no such command; try: help")
            return
        arguments = words[len(command.name.split()) :]
        if arguments and not command.arguments:
            yield error("bad-argument", f"{command.name} takes no argument")
            return
        try:
            async with aclosing(command.run(self, arguments)) as lines:
                async for line in lines:
                    yield line
        except BadArgument as problem:
            yield error("bad-argument", problem)
        except TimeoutError:
            yield error("kioskd-silent", SILENT.format(self._patience))
        except ApiError as problem:
            if problem.problem is None:
                yield trace(problem)
                yield error("kioskd-down", DOWN)
            else:
                yield error("kioskd-refused", problem)

    async def help(self, _arguments: list[str]) -> Answer:
        for command in TABLE.values():
            yield trace(f"{command.name + ' ' + command.arguments:<14} {command.sentence}")
        yield ok()

    async def version(self, _arguments: list[str]) -> Answer:
        ours = f"console={installed_version('anjungan')}"
        try:
            async with asyncio.timeout(self._patience), self._kioskd() as kioskd:
                theirs = await kioskd.version()
        except (ApiError, TimeoutError):
            yield trace(DOWN)
            yield ok(f"{ours} kioskd=down")
        else:
            yield ok(f"{ours} kioskd={theirs.version} profile={theirs.profile} kiosk={theirs.kiosk}")

    async def devices(self, _arguments: list[str]) -> Answer:
        state = await self._state()
        for device in state.devices:
            yield trace(_device(device))
            for key, value in sorted(device.detail.items()):
                yield trace(f"  {key}={value}")
        ailing = [device.slot for device in state.devices if device.causes]
        yield ok(f"devices={len(state.devices)} ailing={','.join(ailing) or 'none'}")

    async def status(self, _arguments: list[str]) -> Answer:
        state = await self._state()
        blanks = state.blanks
        link = "up" if state.link.up else f"down cause={state.link.cause}"
        yield trace(f"office {state.office.id}{' SIMULATED' if state.simulated else ''}")
        yield trace(f"link {link} queued={state.link.queued}")
        yield trace(
            f"blanks loaded={blanks.loaded} hopper={blanks.hopper} path={blanks.path} holder={blanks.holder} "
            f"reject={blanks.reject} capture={blanks.capture} unknown={blanks.unknown} vault={blanks.vault} "
            f"spoiled={blanks.spoiled} destroyed={blanks.destroyed} missing={blanks.missing}"
        )
        for service in state.services:
            yield trace(f"service {service.id} waiting={service.waiting} cause={service.cause or 'none'}")
        for device in state.devices:
            if device.causes:
                yield trace(_device(device))
        stage = state.collection.stage.value if state.collection else "none"
        can = "yes" if state.collecting else f"no cause={state.collecting_cause}"
        yield ok(f"ready={'yes' if state.ready else 'no'} collecting={can} collection={stage}")

    async def selftest(self, _arguments: list[str]) -> Answer:
        yield trace("asking every device; nothing moves")
        async with asyncio.timeout(SELFTEST_SECONDS), self._kioskd() as kioskd:
            results = await kioskd.self_test()
        for result in results:
            yield trace(f"{'pass' if result.ok else 'FAIL'} {result.name}: {result.detail}")
        failed = [result.name for result in results if not result.ok]
        if failed:
            yield error("selftest-failed", f"{len(failed)} of {len(results)} failed: {', '.join(failed)}")
        else:
            yield ok(f"passed={len(results)}")

    async def log_tail(self, arguments: list[str]) -> Answer:
        wanted = LOG_LINES
        if arguments:
            if len(arguments) > 1 or not arguments[0].isdecimal() or not 1 <= int(arguments[0]) <= LOG_LINES_MOST:
                raise BadArgument(f"log tail takes one number, 1 to {LOG_LINES_MOST}")
            wanted = int(arguments[0])
        async with asyncio.timeout(self._patience), self._kioskd() as kioskd:
            lines = await kioskd.log(wanted)
        for line in lines[-wanted:]:
            yield trace(f"{line.at:%Y-%m-%dT%H:%M:%SZ} {line.level} {line.logger}: {line.text}")
        yield ok(f"lines={len(lines[-wanted:])}")

    async def _state(self) -> m.State:
        async with asyncio.timeout(self._patience), self._kioskd() as kioskd:
            return await kioskd.state()


def _device(device: m.Device) -> str:
    supplies = ",".join(f"{name}:{level}" for name, level in sorted(device.supplies.items())) or "none"
    causes = ",".join(device.causes) or "none"
    simulated = " SIMULATED" if device.simulated else ""
    return (
        f"{device.slot} {device.state} driver={device.driver} at={device.transport} media={device.media} "
        f"supplies={supplies} causes={causes}{simulated}"
    )


TABLE = {
    command.name: command
    for command in (
        Command("help", "", "this list; works when kioskd is dead", Commands.help),
        Command("version", "", "what runs here; works when kioskd is dead", Commands.version),
        Command("status", "", "the kiosk in ten lines: link, blanks, services, what is wrong", Commands.status),
        Command("devices", "", "each device with its state, supplies, causes and details", Commands.devices),
        Command("selftest", "", "asks every device and says pass or FAIL; nothing moves", Commands.selftest),
        Command("log tail", "[N]", f"the newest N lines of kioskd's log (default {LOG_LINES})", Commands.log_tail),
    )
}
