"""The status snapshot: whole, immutable, numbered, pushed when it changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from drivers.contract.words import DeviceCause, DeviceState, Media, Supply

_NO_SUPPLIES: Mapping[str, Supply] = MappingProxyType({})
_NO_DETAIL: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Status:
    """What a device last said of itself.

    `revision` grows by one whenever anything else changes; it does not tell two snapshots apart. `supplies` is keyed by
    what is consumed: `paper`, `ribbon`, `blanks`, `tickets`. `causes` lists what stands in the way, worst first; empty
    only if the device itself said that it is well. `detail` is for the diagnostics page: firmware, serial number,
    counters, raw status words.
    """

    revision: int = field(default=0, compare=False)
    state: DeviceState = DeviceState.OFFLINE
    media: Media = Media.UNKNOWN
    supplies: Mapping[str, Supply] = field(default_factory=lambda: _NO_SUPPLIES)
    causes: tuple[DeviceCause, ...] = ()
    detail: Mapping[str, str] = field(default_factory=lambda: _NO_DETAIL)

    @property
    def ready(self) -> bool:
        """True if the device said that it can do its work now."""
        return self.state in (DeviceState.ONLINE, DeviceState.BUSY) and not self.causes


class StatusBoard:
    """Keeps the newest snapshot and tells watchers of changes. One per driver."""

    def __init__(self) -> None:
        self._status = Status()
        self._watchers: list[Callable[[Status], None]] = []

    @property
    def status(self) -> Status:
        return self._status

    def watch(self, watcher: Callable[[Status], None]) -> Callable[[], None]:
        """Calls `watcher` with each new snapshot, in the loop's thread. Returns the call that ends the watch."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def publish(self, status: Status) -> Status:
        """Takes `status` (its revision is ignored); watchers hear of it only if it differs from the last one."""
        if status != self._status:
            self._status = replace(status, revision=self._status.revision + 1)
            for watcher in tuple(self._watchers):
                watcher(self._status)
        return self._status
