"""`python -m tests.reliability`: the campaign of cut schedules of single card jobs, as long as you like (make soak)."""

import argparse
import sys
from time import perf_counter

from tests.reliability.campaign import Findings, campaign, replay_line, replayed

SHOWN = 10


def main() -> int:
    """Exit status 1 if a checker saw anything wrong, or a rare branch was never reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--replay", metavar="JSON", help="play one schedule, as a failed campaign printed it")
    chosen = parser.parse_args()
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
