"""From printer attributes to the words of the contract. Reasons: RFC 8011, 5.4.12, and the extra ones of CUPS."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, DeviceState, Media, Supply

ASKED = (
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
    "printer-make-and-model",
    "marker-levels",
    "queued-job-count",
)
IDLE, PROCESSING, STOPPED = 3, 4, 5
LOW_AT = 10
"""Per cent of the ribbon; what `marker-levels` counts in."""

_CAUSES: tuple[tuple[DeviceCause, frozenset[str]], ...] = (
    (DeviceCause.NO_DEVICE, frozenset({"offline", "shutdown", "cups-remote-stopped"})),
    (DeviceCause.NO_ANSWER, frozenset({"timed-out", "connecting-to-device"})),
    (DeviceCause.JAM, frozenset({"media-jam"})),
    (DeviceCause.COVER_OPEN, frozenset({"cover-open", "door-open", "interlock-open"})),
    (DeviceCause.RIBBON_OUT, frozenset({"marker-supply-empty", "toner-empty", "marker-supply-missing"})),
    (DeviceCause.BLANKS_OUT, frozenset({"media-empty", "media-needed", "input-tray-missing"})),
)
"""Worst first. Each cause by what a person has to do about it."""
_LOW = {"media-low": "blanks", "marker-supply-low": "ribbon", "toner-low": "ribbon"}
_SUFFIXES = ("-error", "-warning", "-report")
_HARMLESS = frozenset({"none", "moving-to-paused", "cups-waiting-for-job-completed", *_LOW})
_BROKEN = {DeviceCause.HARDWARE, DeviceCause.JAM}


def reasons(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """`printer-state-reasons` as the printer gave them; one alone comes as text, several as a list."""
    found = attributes.get("printer-state-reasons", "none")
    return tuple(str(reason) for reason in (found if isinstance(found, list) else [found]))


def causes(attributes: Mapping[str, Any]) -> tuple[DeviceCause, ...]:
    """What stands in the way, worst first. A reason that is not known counts only as an error."""
    plain = {_plain(reason) for reason in reasons(attributes)}
    found = [cause for cause, names in _CAUSES if plain & names]
    known = frozenset[str]().union(_HARMLESS, *(names for _, names in _CAUSES))
    strange = any(reason.endswith("-error") and _plain(reason) not in known for reason in reasons(attributes))
    stopped = attributes.get("printer-state") == STOPPED or attributes.get("printer-is-accepting-jobs") is False
    if strange or (stopped and not found):
        found.append(DeviceCause.HARDWARE)
    return tuple(found)


def supplies(attributes: Mapping[str, Any]) -> Mapping[str, Supply]:
    """UNKNOWN where the printer does not say: many CUPS drivers report neither blanks nor ribbon."""
    found = {"blanks": Supply.UNKNOWN, "ribbon": _ribbon(attributes.get("marker-levels"))}
    for reason in map(_plain, reasons(attributes)):
        if reason in _LOW:
            found[_LOW[reason]] = Supply.LOW
    stand = causes(attributes)
    if DeviceCause.BLANKS_OUT in stand:
        found["blanks"] = Supply.OUT
    if DeviceCause.RIBBON_OUT in stand:
        found["ribbon"] = Supply.OUT
    return MappingProxyType(found)


def snapshot(attributes: Mapping[str, Any]) -> Status:
    """The whole status for one answer to Get-Printer-Attributes."""
    found = causes(attributes)
    busy = attributes.get("printer-state") == PROCESSING
    if DeviceCause.NO_DEVICE in found or DeviceCause.NO_ANSWER in found:
        state = DeviceState.OFFLINE
    elif _BROKEN & set(found):
        state = DeviceState.HARDWARE_ERROR
    elif DeviceCause.COVER_OPEN in found:
        state = DeviceState.USER_ERROR
    else:
        state = DeviceState.BUSY if busy else DeviceState.ONLINE
    detail = {name: str(value) for name, value in attributes.items() if name in ASKED and value not in ("", None)}
    media = Media.JAMMED if DeviceCause.JAM in found else Media.UNKNOWN
    return Status(
        state=state,
        media=media,
        supplies=supplies(attributes),
        causes=found,
        detail=MappingProxyType(detail),
    )


def _plain(reason: str) -> str:
    for suffix in _SUFFIXES:
        reason = reason.removesuffix(suffix)
    return reason


def _ribbon(levels: object) -> Supply:
    """The fullest way out: the lowest of the levels that are known (0 to 100)."""
    numbers = levels if isinstance(levels, list) else [levels]
    known = [level for level in numbers if isinstance(level, int) and 0 <= level <= 100]
    if not known:
        return Supply.UNKNOWN
    return Supply.OUT if min(known) == 0 else Supply.LOW if min(known) <= LOW_AT else Supply.FULL
