"""From status words to the words of the contract: where the card is, what stands in the way, what is left."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from drivers.card_printer.evolis.protocol import (
    Error,
    Extension1,
    Extension2,
    Extension3,
    Info,
    StatusWords,
    Warn,
)
from drivers.contract.card_printer import CardPosition, Station
from drivers.contract.status import Status
from drivers.contract.words import DeviceCause, DeviceState, Media, Supply

PATH_BITS = (
    Info.CARD_FEEDER,
    Info.CARD_FLIP,
    Info.CARD_CONTACTLESS,
    Info.CARD_CONTACT,
    Info.CARD_PRINT,
    Info.CARD_EJECT,
)
_KEPT = lru_cache(maxsize=64)
"""A printer is asked twice a second, and says the same few things."""

MOVING = Info.BUSY | Info.PRINTING | Info.CLEANING | Info.UPDATING
_MOVING_2 = Extension2.SENSOR_ADJUSTMENT | Extension2.CLEANING_SEQUENCE

_CAUSES: tuple[tuple[DeviceCause, Error, Warn], ...] = (
    (DeviceCause.HARDWARE, Error.HARDWARE | Error.NO_OPTION, Warn.LOCKED),
    (DeviceCause.JAM, Error.MECHANICAL, Warn(0)),
    (DeviceCause.POWER, Error(0), Warn.POWER_SUPPLY),
    (
        DeviceCause.COVER_OPEN,
        Error.COVER | Error.FEEDER_OPEN | Error.REJECT_COVER_OPEN,
        Warn.COVER_OPEN | Warn.FEEDER_OPEN | Warn.REJECT_COVER_OPEN,
    ),
    (DeviceCause.RIBBON_OUT, Error.RIBBON_ENDED, Warn.RIBBON_ENDED | Warn.NO_RIBBON),
    (DeviceCause.RIBBON_WRONG, Error.BAD_RIBBON | Error.RIBBON, Warn.UNSUPPORTED_RIBBON),
    (DeviceCause.REJECT_FULL, Error.REJECT_FULL, Warn.REJECT_FULL),
    (DeviceCause.BLANKS_OUT, Error(0), Warn.FEEDER_EMPTY),
    (DeviceCause.HEAD_HOT, Error.HEAD_TEMPERATURE, Warn.COOLING),
    (DeviceCause.CARD_NOT_TAKEN, Error.CARD_NOT_TAKEN, Warn(0)),
    (DeviceCause.NO_CARD, Error.NONE_INSERTED, Warn(0)),
    (
        DeviceCause.HARDWARE,
        Error.HOPPER_FULL
        | Error.BLANK_TRACK
        | Error.MAG_DATA
        | Error.MAG_READ
        | Error.MAG_WRITE
        | Error.JOB_UNSUPPORTED
        | Error.ROLLER_TEMPERATURE,
        Warn(0),
    ),
)
"""Worst first. Each cause by what a person has to do about it."""


@_KEPT
def position(words: StatusWords, *, feeder_is_path: bool = True) -> CardPosition:
    """Where the sensors see a card. UNKNOWN if one is seen both outside and inside: then there may be two."""
    if words.error & Error.MECHANICAL:
        return CardPosition.JAMMED
    path = [bit for bit in PATH_BITS if words.info & bit and (feeder_is_path or bit is not Info.CARD_FEEDER)]
    inside = bool(path) or bool(words.extension(2) & Extension2.CARD_REAR)
    outside = bool(words.warn & Warn.CARD_ON_EJECT) or bool(words.extension(3) & Extension3.CARD_OUTSIDE_BEZEL)
    # "Card on eject" may come with "card at eject": the same card, half out.
    if outside and (not inside or path == [Info.CARD_EJECT]):
        return CardPosition.EXIT
    if outside:
        return CardPosition.UNKNOWN
    return CardPosition.INSIDE if inside else CardPosition.NONE


@_KEPT
def station(words: StatusWords) -> Station | None:
    """The encoding station at which the card is held; None if it is elsewhere or two sensors disagree."""
    seen = words.info & (Info.CARD_CONTACT | Info.CARD_CONTACTLESS | Info.CARD_PRINT | Info.CARD_FLIP)
    if seen == Info.CARD_CONTACT:
        return Station.CONTACT
    if seen == Info.CARD_CONTACTLESS:
        return Station.CONTACTLESS
    return None


@_KEPT
def moving(words: StatusWords) -> bool:
    return bool(words.info & MOVING) or bool(words.extension(2) & _MOVING_2)


@_KEPT
def just_reset(words: StatusWords) -> bool:
    return bool(words.info & Info.JUST_RESET)


def live(words: StatusWords) -> tuple[DeviceCause, ...]:
    """What stands in the way now; what only the error word still says of an act that is over is left out."""
    return causes(words._replace(error=Error(0)))


@_KEPT
def causes(words: StatusWords) -> tuple[DeviceCause, ...]:
    """What stands in the way, worst first, each once."""
    found = [cause for cause, error, warn in _CAUSES if words.error & error or words.warn & warn]
    if words.error & Error.FEEDER and DeviceCause.BLANKS_OUT not in found:
        found.insert(0, DeviceCause.JAM)  # the feeder failed although it has cards
    if words.info & Info.ZONE_EXPIRED and DeviceCause.RIBBON_WRONG not in found:
        found.append(DeviceCause.RIBBON_WRONG)
    if words.info & Info.CLEANING_MANDATORY:
        found.append(DeviceCause.CLEANING_DUE)
    return tuple(dict.fromkeys(found))


@_KEPT
def act_fault(words: StatusWords) -> DeviceCause | None:
    """Why an act under way has stopped; None if nothing did. An empty hopper behind the card in work is no fault."""
    if words.error:
        return causes(words)[0] if causes(words) else DeviceCause.HARDWARE
    if words.warn & Warn.COVER_OPEN:
        return DeviceCause.COVER_OPEN
    return None


@_KEPT
def supplies(words: StatusWords) -> Mapping[str, Supply]:
    blanks = Supply.FULL
    if words.warn & Warn.FEEDER_EMPTY:
        blanks = Supply.OUT
    elif words.extension(1) & Extension1.FEEDER_NEAR_EMPTY:
        blanks = Supply.LOW
    ribbon = Supply.FULL
    if words.warn & (Warn.RIBBON_ENDED | Warn.NO_RIBBON) or words.error & Error.RIBBON_ENDED:
        ribbon = Supply.OUT
    elif words.info & Info.RIBBON_LOW:
        ribbon = Supply.LOW
    return MappingProxyType({"blanks": blanks, "ribbon": ribbon})


_MEDIA = {
    CardPosition.NONE: Media.NOT_PRESENT,
    CardPosition.INSIDE: Media.PRESENT,
    CardPosition.EXIT: Media.PRESENT,
    CardPosition.JAMMED: Media.JAMMED,
    CardPosition.UNKNOWN: Media.UNKNOWN,
}
_BROKEN = {DeviceCause.HARDWARE, DeviceCause.JAM, DeviceCause.POWER, DeviceCause.HEAD_HOT}
_PERSON = {DeviceCause.COVER_OPEN}


def snapshot(words: StatusWords, detail: Mapping[str, str], *, feeder_is_path: bool = True) -> Status:
    """The whole status for one answer to `Rpst`."""
    found = causes(words)
    if _BROKEN & set(found):
        state = DeviceState.HARDWARE_ERROR
    elif _PERSON & set(found):
        state = DeviceState.USER_ERROR
    else:
        state = DeviceState.BUSY if moving(words) else DeviceState.ONLINE
    return Status(
        state=state,
        media=_MEDIA[position(words, feeder_is_path=feeder_is_path)],
        supplies=supplies(words),
        causes=found,
        detail=MappingProxyType({**detail, **words.names(), "status_words": words.raw()}),
    )
