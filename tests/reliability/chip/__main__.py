"""`python -m tests.reliability.chip`: the tear campaign of a chip's personalisation, and one case of it again."""

import argparse
import sys
from time import process_time

from tests.reliability.chip.campaign import THIN, all_cases, campaign, replayed, report


def main() -> int:
    """Exit status 1 if anything was found wrong, or a row of the recovery table was never reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.chip", description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--all", action="store_true", help=f"all of the sets of which a test run plays 1 in {THIN}")
    parser.add_argument("--replay", metavar="JSON", help="play one case, as a failed campaign printed it")
    chosen = parser.parse_args()
    if chosen.replay:
        story = replayed(chosen.replay)
        print(f"{story.ended}; the first card: {story.fate} ({story.reason})")
        print(*story.looks, *story.violations, sep="\n")
        print(f"{story.torn} tears, {story.deaths} deaths, {story.writes} memory writes; {process_time():.1f} s of CPU")
        return 1 if story.violations else 0
    findings = campaign(all_cases(thin=1 if chosen.all else THIN), workers=chosen.workers)
    print(report(findings))
    return 1 if findings.failed or findings.unreached else 0


if __name__ == "__main__":
    sys.exit(main())
