"""One registry of named faults for every simulated device.

A simulator declares which faults it can show (`FAULTS`), asks its board at the moments where each would strike, and
never invents names. `fail_next` arms a fault for its next chance, `fail_repeatedly` for all of them until `clear`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    meaning: str
    supply: bool = False
    """This fault means that something consumed has run out."""


_ALL = (
    Fault("silence", "receives everything, answers nothing"),
    Fault("garbage", "answers bytes that mean nothing"),
    Fault("unplug", "the link breaks and the device cannot be found until the fault is cleared"),
    Fault("delay", "answers, but two seconds late"),
    Fault("drop", "loses one byte of an answer"),
    Fault("corrupt", "flips one bit of an answer"),
    Fault("short-read", "sends an answer in single bytes"),
    Fault("noise", "sends stray bytes before an answer"),
    Fault("stale-status", "answers one status question with the status before"),
    Fault("power-loss", "loses power in the middle of the next act and comes back"),
    Fault("jam", "the next card, sheet or ticket sticks in the path"),
    Fault("cover-open", "somebody opened the cover"),
    Fault("hopper-empty", "the hopper shows empty, whatever is in it", supply=True),
    Fault("ribbon-out", "the ribbon has ended", supply=True),
    Fault("reject-full", "the reject bin is full"),
    Fault("paper-out", "the thermal paper has ended", supply=True),
    Fault("paper-out-mid", "the thermal paper ends in the middle of the next slip", supply=True),
    Fault("paper-low", "the thermal paper is near its end"),
    Fault("cutter", "the cutter is stuck"),
    Fault("head-hot", "the print head is too hot"),
    Fault("tickets-out", "the roll of pre-printed tickets has ended", supply=True),
    Fault("double-notch", "one ticket shows two notches"),
    Fault("glitch", "a one-millisecond spike on the notch line"),
    Fault("over-run", "the brake slips and one more ticket runs out"),
    Fault("stuck-notch", "the notch line stays low"),
    Fault("motor-dead", "the motor does not turn"),
    Fault("sensor-unplugged", "the sensor's line floats"),
    Fault("no-card", "no chip is seen at the station"),
    Fault("card-torn", "the chip stops answering in the middle of an APDU"),
    Fault("answer-lost", "the chip obeys an APDU, and leaves the field before it answers"),
    Fault("chip-mute", "the chip is silent until its next cold start"),
    Fault("dead-chip", "the chip never answers"),
    Fault("chip-write-error", "the chip answers 6581 to a write"),
    Fault("wrong-password", "the module refuses the configured password"),
    Fault("poor-finger", "the sensor cannot see ridges"),
    Fault("sensor-failed", "the fingerprint sensor itself is broken"),
    Fault("service-down", "the resource manager does not run"),
)

REGISTRY: dict[str, Fault] = {fault.name: fault for fault in _ALL}


class UnknownFault(ValueError):
    """A fault name that the registry or the device does not know; the text lists those it does."""


class FaultBoard:
    """The faults armed for one simulated device."""

    def __init__(self, device: str, names: Iterable[str]) -> None:
        self.device = device
        self.names = frozenset(names)
        unknown = self.names - REGISTRY.keys()
        if unknown:
            raise UnknownFault(f"{device}: not in sim/faults.py: {', '.join(sorted(unknown))}")
        self._next: set[str] = set()
        self._always: set[str] = set()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Calls `watcher` when a fault was armed or disarmed. Returns the call that ends the watch."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def fail_next(self, name: str) -> None:
        """Arms `name` for the next moment at which it could strike."""
        self._next.add(self._known(name))
        self._tell()

    def fail_repeatedly(self, name: str) -> None:
        """Arms `name` until `clear`."""
        self._always.add(self._known(name))
        self._tell()

    def clear(self, name: str | None = None) -> None:
        """Disarms `name`, or every fault."""
        gone = {name} if name else self._next | self._always
        self._next -= gone
        self._always -= gone
        self._tell()

    def take(self, name: str) -> bool:
        """True if `name` strikes now; a `fail_next` is used up by it. Asked once at each chance."""
        if name not in self.names:
            self._known(name)
        if name in self._next:
            self._next.remove(name)
            return True
        return name in self._always

    def active(self, name: str) -> bool:
        """True if `name` is armed, without using it up; for faults that are a state (cover open, paper out)."""
        if name not in self.names:
            self._known(name)
        return name in self._next or name in self._always

    @property
    def armed(self) -> tuple[str, ...]:
        return tuple(sorted(self._next | self._always)) if self._next or self._always else ()

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()

    def _known(self, name: str) -> str:
        if name not in self.names:
            raise UnknownFault(f"{self.device} has no fault {name!r}; it has: {', '.join(sorted(self.names))}")
        return name
