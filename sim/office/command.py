"""`python -m sim office`: office days in virtual time, what happened on them, and one digest over all of it."""

import argparse
import gc
import hashlib
import json
import logging
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.office.day import live
from sim.office.picture import page
from sim.office.rare import unreached
from sim.office.record import DayRecord


def office(argv: Sequence[str]) -> int:
    """Exit status: 0 well, 1 a checker saw something wrong or a rare branch was never reached, 2 bad words.
    For a process of its own: the collector of garbage is left as it suits the days."""
    _collect_rarely()
    chosen = _parser().parse_args(argv)
    days = range(chosen.day, chosen.day + 1) if chosen.day is not None else range(chosen.days)
    records = []
    for record in _lived(chosen, days):
        records.append(record)
        print(_line(record), flush=True)
    result = summary(records, chosen.residents, cuts=chosen.cuts)
    for name, count in result["counts"].items():
        print(f"{count:8}  {name}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    if chosen.html is not None:
        chosen.html.write_text(page(records))
    for record in records:
        for violation in record.violations:
            print(f"day {record.day}: {violation}")
        if record.violations:
            print(f"replay: {_again(chosen, record.day)}")
    for branch in result["unreached"]:
        print(f"never reached: {branch}")
    print(f"digest {result['digest']}")
    gc.freeze()  # the program ends: all that its days have left need not be looked through once more
    return 1 if result["violations"] or result["unreached"] else 0


def summary(records: Sequence[DayRecord], residents: int, *, cuts: bool) -> dict[str, Any]:
    """Counts, violations and the digest: nothing that depends on the machine or the wall clock."""
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(record.counts)
    return {
        "days": [record.day for record in records],
        "seed": records[0].seed,
        "residents": residents,
        "cuts": cuts,
        "counts": dict(sorted(counts.items())),
        "violations": [f"day {record.day}: {violation}" for record in records for violation in record.violations],
        "unreached": unreached(counts, len(records), residents if cuts else 0),
        "day_digests": [record.digest for record in records],
        "digest": hashlib.sha256("".join(record.digest for record in records).encode()).hexdigest(),
    }


def _lived(chosen: argparse.Namespace, days: Sequence[int]) -> Iterator[DayRecord]:
    jobs = [(chosen.seed, day, chosen.residents, chosen.cuts) for day in days]
    if chosen.workers == 1 or len(jobs) == 1:
        yield from map(_one, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(chosen.workers, _collect_rarely) as pool:
        yield from pool.imap(_one, jobs)


def _collect_rarely() -> None:
    """A day makes a million short-lived things, hardly any in circles."""
    gc.set_threshold(200_000, 20, 20)


def _one(job: tuple[int, int, int, bool]) -> DayRecord:
    seed, day, residents, cuts = job
    logging.disable(logging.CRITICAL)  # kioskd's own log of a thousand deaths
    try:
        return live(seed, day, residents, cuts=cuts)
    finally:
        logging.disable(logging.NOTSET)


def _line(record: DayRecord) -> str:
    counts, waits = record.counts, sorted(record.waits)
    late = waits[len(waits) * 95 // 100] / 60 if waits else 0.0
    return (
        f"day {record.day}: {len(waits)} residents, {counts['left with card']} cards, {counts['left with number']} "
        f"numbers, {counts['power cut']} cuts, {counts['kioskd killed']} kills; 95 in 100 wait up to {late:.0f} min; "
        f"{len(record.violations)} violations"
    )


def _again(chosen: argparse.Namespace, day: int) -> str:
    cuts = " --cuts" if chosen.cuts else ""
    return f"python -m sim office --seed {chosen.seed} --day {day} --residents {chosen.residents}{cuts}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sim office", description=__doc__)
    parser.add_argument("--days", type=_number(10_000), default=1, metavar="N", help="how many days (1)")
    parser.add_argument("--day", type=int, metavar="K", help="only this day, counted from 0: to replay one")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="what everything is drawn from (1)")
    parser.add_argument("--residents", type=_number(2_000), default=300, metavar="R", help="on each day (300)")
    parser.add_argument("--cuts", action="store_true", help="with power cuts and deaths of kioskd")
    parser.add_argument("--workers", type=_number(64), default=1, metavar="N", help="days at once (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="counts, violations, digests")
    parser.add_argument("--html", type=Path, metavar="FILE", help="a picture of each day")
    return parser


def _number(most: int) -> Any:
    def number(text: str) -> int:
        value = int(text)
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(f"{text}: expected 1 to {most}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(office(sys.argv[1:]))
