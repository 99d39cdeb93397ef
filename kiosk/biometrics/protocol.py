"""How good the matcher is on a set of records: every finger against every other, as the contests do it.

Protocol: the records of a set in order of finger and impression; probe i against reference j for all i < j, so that no
record meets itself and no pair is counted twice (FVC2002 counts genuine pairs so; for 10 fingers of 8 impressions 280
genuine and 2,880 impostor pairs). Words and rates as in ISO/IEC 19795-1: FMR, the impostor pairs that match; FNMR, the
genuine pairs that do not; a pair matches if its score is at or above the threshold.
"""

import re
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kiosk.biometrics.matcher import Finger, Gallery, prepare, score
from kiosk.biometrics.template import Template, TemplateError, parse

Scores = NDArray[np.float64]

RATES: Final = {"fnmr_1": 0.01, "fnmr_01": 0.001, "fnmr_0": 0.0}
TIMED: Final = 201
"""Pairs of which the median time is taken."""
_NAME = re.compile(r"(.+)_([^_]+)_([^_]+)")


class ProtocolError(ValueError):
    """A folder with which the protocol cannot be run; says why."""


class Key(NamedTuple):
    """Of a record, from its file name SET_FINGER_IMPRESSION.fmr; the set may hold underscores itself."""

    set: str
    finger: str
    impression: str


class Point(NamedTuple):
    """The lowest threshold at which the FMR is not above what was asked for, and the FNMR there, 0..1."""

    threshold: float
    fnmr: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one set, or of all pooled. Rates 0..1."""

    name: str
    genuine: int
    impostor: int
    eer: float
    eer_threshold: float
    fnmr_1: Point
    fnmr_01: Point
    fnmr_0: Point


@dataclass(frozen=True, slots=True)
class Times:
    """Processor time, which other work on the machine does not lengthen. `prepare_ms` for each record; `match_ms` the
    median of one against one, both prepared; `cold_ms` the same with both still to be prepared; `matches_per_second`
    in a mixed gallery of 1,000 references."""

    prepare_ms: float
    match_ms: float
    cold_ms: float
    matches_per_second: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """The scores of one set."""

    genuine: Scores
    impostor: Scores


@dataclass(frozen=True, slots=True)
class Report:
    sets: list[Figures]
    pooled: Figures
    times: Times
    scores: Pairs
    """Of all sets."""

    def as_json(self) -> dict[str, object]:
        points = {"sets": [_flat(one) for one in self.sets], "pooled": _flat(self.pooled)}
        return {**points, "times": asdict(self.times)}


def read(folder: Path) -> dict[Key, Template]:
    """All records of `folder`, in the order of the protocol. ProtocolError names what cannot be read."""
    records = {}
    for path in sorted(folder.glob("*.fmr")):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            raise ProtocolError(f"{path}: not named SET_FINGER_IMPRESSION.fmr")
        try:
            records[Key(*name.groups())] = parse(path.read_bytes())
        except TemplateError as error:
            raise ProtocolError(f"{path}: {error}") from error
    if not records:
        raise ProtocolError(f"{folder}: no records (*.fmr) here")
    return {key: records[key] for key in sorted(records, key=_order)}


def run(probes: dict[Key, Template], references: dict[Key, Template]) -> Report:
    """The protocol on every set that both sides have."""
    begin = time.process_time()
    ours = {key: prepare(record) for key, record in probes.items()}
    theirs = {key: prepare(record) for key, record in references.items()}
    prepare_ms = (time.process_time() - begin) * 1000 / (len(ours) + len(theirs))
    names = sorted({key.set for key in ours} & {key.set for key in theirs})
    pairs = {name: compared(ours, theirs, name) for name in names}
    lacking = [name for name, found in pairs.items() if not (found.genuine.size and found.impostor.size)]
    if lacking or not names:
        raise ProtocolError(f"no genuine or no impostor pairs in {', '.join(lacking) or 'sets common to both folders'}")
    pooled = Pairs(
        np.concatenate([one.genuine for one in pairs.values()]),
        np.concatenate([one.impostor for one in pairs.values()]),
    )
    speed = _speed(list(ours.values()), list(theirs.values()))
    times = Times(
        prepare_ms, _median(ours.values(), theirs.values()), _median(probes.values(), references.values()), speed
    )
    return Report([figures(name, one) for name, one in pairs.items()], figures("pooled", pooled), times, pooled)


def compared(probes: dict[Key, Finger], references: dict[Key, Finger], name: str) -> Pairs:
    """The scores of all pairs i < j of the set `name`."""
    keys = sorted({key for key in (*probes, *references) if key.set == name}, key=_order)
    genuine: list[float] = []
    impostor: list[float] = []
    for place, key in enumerate(keys):
        later = [other for other in keys[place + 1 :] if other in references]
        if key in probes and later:
            for other, found in zip(later, Gallery([references[k] for k in later]).scores(probes[key]), strict=True):
                (genuine if other.finger == key.finger else impostor).append(found)
    return Pairs(np.array(genuine, np.float64), np.array(impostor, np.float64))


def figures(name: str, pairs: Pairs) -> Figures:
    genuine, impostor = np.sort(pairs.genuine), np.sort(pairs.impostor)
    thresholds = np.unique(np.concatenate((genuine, impostor)))
    fnmr = np.searchsorted(genuine, thresholds) / genuine.size
    fmr = 1 - np.searchsorted(impostor, thresholds) / impostor.size
    equal = int(np.argmin(np.abs(fnmr - fmr)))
    points = {field: point(pairs, rate) for field, rate in RATES.items()}
    eer, at = float(fnmr[equal] + fmr[equal]) / 2, float(thresholds[equal])
    return Figures(name, genuine.size, impostor.size, eer, at, **points)


def point(pairs: Pairs, fmr: float) -> Point:
    """The lowest threshold at which at most `fmr` of the impostor pairs match."""
    falling = np.sort(pairs.impostor)[::-1]
    passing = int(fmr * falling.size + 1e-9)
    threshold = float(np.nextafter(falling[passing], np.inf)) if passing < falling.size else 0.0
    return Point(threshold, float(np.mean(pairs.genuine < threshold)))


def _order(key: Key) -> tuple[str, tuple[int, str], tuple[int, str]]:
    """Numbers as numbers: impression 10 comes after 9."""
    finger, impression = ((int(part) if part.isdecimal() else -1, part) for part in key[1:])
    return key.set, finger, impression


def _flat(one: Figures) -> dict[str, object]:
    return {**asdict(one), **{field: getattr(one, field)._asdict() for field in RATES}}


def _speed(probes: Sequence[Finger], references: Sequence[Finger]) -> float:
    thousand = Gallery([references[n % len(references)] for n in range(1000)])
    begin = time.process_time()
    some = probes[:: max(1, len(probes) // 5)][:5]
    for probe in some:
        thousand.scores(probe)
    return 1000 * len(some) / (time.process_time() - begin)


def _median(probes: Iterable[Template | Finger], references: Iterable[Template | Finger]) -> float:
    ours, theirs = list(probes), list(references)
    spans = []
    for n in range(TIMED):
        begin = time.process_time()
        score(ours[n % len(ours)], theirs[(7 * n + 1) % len(theirs)])
        spans.append((time.process_time() - begin) * 1000)
    return statistics.median(spans)
