"""What a driver may say under each fault. One table for all device classes: a cause is what a person has to do."""

from drivers.contract.fingerprint_scanner import RetryReason
from drivers.contract.words import DeviceCause as C
from drivers.contract.words import Supply

LINE = {C.NO_ANSWER, C.PROTOCOL}
"""A damaged line: bytes that mean nothing, or, once these are dropped, none."""

MAY_NAME: dict[str, set[C]] = {
    "silence": {C.NO_ANSWER},
    "garbage": LINE,
    "unplug": {C.NO_DEVICE},
    "delay": LINE,  # an answer that comes after its time stands where the next one is expected
    "drop": LINE,
    "corrupt": LINE,
    "short-read": set(),
    "noise": LINE,
    "stale-status": {C.SENSOR},  # the same status for ever, whatever moves: the sensors contradict the act
    "power-loss": {C.POWER, C.NO_ANSWER, C.NO_DEVICE},
    "jam": {C.JAM},
    "cover-open": {C.COVER_OPEN},
    "hopper-empty": {C.BLANKS_OUT},
    "ribbon-out": {C.RIBBON_OUT},
    "reject-full": {C.REJECT_FULL},
    "paper-out": {C.PAPER_OUT},
    "paper-out-mid": {C.PAPER_OUT},
    "paper-low": set(),
    "cutter": {C.CUTTER},
    "head-hot": {C.HEAD_HOT},
    "tickets-out": {C.TICKETS_OUT},
    "double-notch": set(),
    "glitch": {C.SENSOR},  # one a ticket is filtered out; without end the line chatters
    "over-run": set(),
    # Four wires: a line that stays low looks like an empty roll, one that never moves like a jam.
    "stuck-notch": {C.TICKETS_OUT},
    "motor-dead": {C.JAM},
    "sensor-unplugged": {C.JAM},
    "no-card": {C.NO_CARD},
    "card-torn": {C.CARD_LOST},
    "answer-lost": {C.CARD_LOST},
    "chip-mute": {C.NO_CARD, C.CARD_LOST},
    "dead-chip": {C.NO_CARD, C.CARD_LOST},
    "chip-write-error": set(),  # the chip says it (6581), and whoever writes decides
    "wrong-password": {C.PASSWORD},
    "poor-finger": set(),
    "sensor-failed": {C.SENSOR},
    "service-down": {C.SERVICE_DOWN},
}

BY_CLASS: dict[tuple[str, str], set[C]] = {
    # Within a session nobody can tell a reader that fell silent from a chip that did: the card's state is unknown.
    **{("card_encoder", fault): {C.CARD_LOST} for fault in ("silence", "garbage", "delay", "drop", "corrupt", "noise")},
    # One answer lost in the middle of a dialogue leaves the rest of it out of step.
    ("fingerprint_scanner", "silence"): {C.PROTOCOL},
    # Four wires tell nothing of the supply: a motor without its 12 V stands still.
    ("ticket_dispenser", "power-loss"): {C.JAM},
}
"""What a class may name besides."""

BY_SEAM: dict[tuple[str, str], set[C]] = {
    # pcscd answers for the card: one that it cannot hear, or no longer, is no card to it.
    **{
        ("pcscd", fault): {C.NO_CARD, C.CARD_LOST}
        for fault in ("silence", "garbage", "delay", "drop", "corrupt", "noise", "unplug", "power-loss")
    },
}
"""What may be named besides over a seam."""


def may_name(device_class: str, seam: str, fault: str) -> set[C]:
    return MAY_NAME[fault] | BY_CLASS.get((device_class, fault), set()) | BY_SEAM.get((seam, fault), set())


UNHEARD = {"silence", "garbage", "unplug"}
"""While one of these lasts there is no answer, so the device is never well."""

SHOWN: dict[str, C] = {
    "cover-open": C.COVER_OPEN,
    "hopper-empty": C.BLANKS_OUT,
    "ribbon-out": C.RIBBON_OUT,
    "reject-full": C.REJECT_FULL,
    "paper-out": C.PAPER_OUT,
    "head-hot": C.HEAD_HOT,
    "tickets-out": C.TICKETS_OUT,
    "stuck-notch": C.TICKETS_OUT,
}
"""While one of these lasts a question about the status finds it out."""

SUPPLY: dict[str, Supply] = {
    "hopper-empty": Supply.OUT,
    "ribbon-out": Supply.OUT,
    "paper-out": Supply.OUT,
    "paper-low": Supply.LOW,
    "tickets-out": Supply.OUT,
}
"""What some supply of the device must read while the fault lasts."""

RETRIES: dict[str, set[RetryReason]] = {
    "poor-finger": {RetryReason.TOO_POOR},
    "sensor-failed": {
        RetryReason.TOO_POOR
    },  # until it has failed for several touches (the module has one code for both)
    "power-loss": {RetryReason.LIFTED, RetryReason.NO_FINGER},
    # The finger came and left while the line was being mended.
    **{
        fault: {RetryReason.NO_FINGER}
        for fault in ("silence", "garbage", "delay", "drop", "corrupt", "noise", "unplug")
    },
}
"""Why a resident may be asked to try again."""

BLIND = {"stuck-notch": 3, "sensor-unplugged": 27, "silence": 10, "garbage": 2}
"""Tickets that may run out unseen, because nobody could see them: a quarter second of a line that stays low, three
tries of a second each with a sensor that is not there, one with pins out of reach."""
