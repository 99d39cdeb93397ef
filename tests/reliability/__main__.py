"""`python -m tests.reliability`: the campaigns of docs/reliability.md, as long as you like (make soak).

Without a choice: cut schedules of single card jobs. `--disk N`: N cuts of records and a tenth as many jobs on a disk
that forgets, the wrong ways beside ours. `--kills N`: SIGKILL at the Nth system call of a real process.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.reliability import killed, ways
from tests.reliability.campaign import Findings, campaign, replay_line, replayed

SHOWN = 10


def main() -> int:
    """Exit status 1 if a checker saw anything wrong, or a rare branch was never reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--replay", metavar="JSON", help="play one schedule, as a failed campaign printed it")
    parser.add_argument("--disk", type=int, metavar="N", help="cut N times at the calls that reach the disk")
    parser.add_argument("--kills", type=int, metavar="N", help="kill a process N times, each time at another call")
    chosen = parser.parse_args()
    if chosen.disk:
        return 0 if ways.report(chosen.disk, chosen.disk // 10, seed=chosen.seed, workers=chosen.workers) else 1
    if chosen.kills:
        return _killed(chosen.kills)
    if chosen.replay:
        outcome = replayed(chosen.replay)
        print(outcome.ended, *sorted(outcome.reached), *outcome.violations, *outcome.unintended, sep="\n  ")
        return 1 if outcome.violations or outcome.unintended else 0
    began = perf_counter()
    findings = campaign(
        chosen.schedules,
        seed=chosen.seed,
        workers=chosen.workers,
        told=lambda so_far: print(f"{so_far.schedules} schedules, {len(so_far.failed)} failed", flush=True),
    )
    return report(findings, perf_counter() - began)


def _killed(kills: int) -> int:
    with TemporaryDirectory(prefix="anjungan-kills-") as folder:
        deaths = killed.campaign(kills, Path(folder))
    print(f"{deaths.kills} kills at {dict(deaths.at)}; {deaths.acknowledged} records acknowledged")
    print(*(deaths.lost or ["none lost"]), sep="\n")
    return 1 if deaths.lost or deaths.kills < kills else 0


def report(findings: Findings, seconds: float) -> int:
    for branch, count in sorted(findings.reached.items()):
        print(f"{count:8}  {branch}")
    print(
        f"{findings.schedules} schedules, {findings.cuts} cuts, {len(findings.failed)} with a violation; "
        f"{seconds:.0f} s, {findings.schedules / seconds:.0f} a second"
    )
    for schedule, violations in findings.failed[:SHOWN]:
        print(*violations, replay_line(schedule), sep="\n  ")
    for branch in findings.unreached:
        print(f"never reached: {branch}")
    return 1 if findings.failed or findings.unreached else 0


if __name__ == "__main__":
    sys.exit(main())
