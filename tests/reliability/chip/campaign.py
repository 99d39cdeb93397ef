"""All cases, on how many cores, and what is said of them: how cards ended, and which rows of the recovery table were
reached. A row that was not reached fails the run: a campaign that never got there proves nothing about it.
"""

import json
import logging
import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from kiosk.cards.personalise.writer import RUNS
from tests.reliability.chip.bench import Look, Story, play
from tests.reliability.chip.cases import Case, as_words, cases, from_words
from tests.reliability.chip.judge import Condition

CHUNK = 40
THIN = 8
"""Of the largest sets, the part that every test run plays."""

TABLE = (
    "not committed: begun again, in the same session",
    "not committed: begun again, after kioskd died",
    "committed by this job: read back only, in the same session",
    "committed by this job: read back only, after kioskd died",
    "torn in all three runs: rejected",
    "committed by somebody else: rejected",
    "other keys: asked once, rejected",
    "locked: rejected",
    "the commit's byte torn into nonsense: rejected",
    "seen by no reader: rejected",
    "mute after three cold starts: rejected",
    "memory failure in three runs: rejected",
    "too small: rejected",
    "no card where the journal has an intent: unknown, people are called",
    "another card at the station: untouched, unknown, people are called",
    "the holder does not come back: rejected",
    "another resident comes first: rejected",
)
"""The rows of docs/card-chip.md, "Torn", and for each who is there when."""

_REASONS = {
    "chip: other_card": "committed by somebody else: rejected",
    "chip: authentication": "other keys: asked once, rejected",
    "chip: no_card": "seen by no reader: rejected",
    "chip: dead": "mute after three cold starts: rejected",
    "chip: memory": "memory failure in three runs: rejected",
    "chip: too_small": "too small: rejected",
    "held for another resident": "another resident comes first: rejected",
    "its holder did not come back in time": "the holder does not come back: rejected",
}


@dataclass
class Findings:
    cases: int = 0
    torn: int = 0
    deaths: int = 0
    judged: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[Case, list[str]]] = field(default_factory=list)

    def add(self, case: Case, story: Story) -> None:
        self.cases += 1
        self.torn += story.torn
        self.deaths += story.deaths
        self.judged += story.judged
        self.ends[_end(story)] += 1
        self.reached.update(set(branches(case, story)))
        if story.violations:
            self.failed.append((case, story.violations))

    @property
    def unreached(self) -> list[str]:
        return [row for row in TABLE if not self.reached[row]]


def _end(story: Story) -> str:
    if story.fate == "taken":
        return f"handed out after {story.runs - 1} runs more"
    if story.fate == "unknown":
        return "unknown, people called"
    return f"{story.fate}, in the reject bin ({story.reason})"


def branches(case: Case, story: Story) -> Iterator[str]:
    """The rows of TABLE that this story went through, by what the cards and the journal's file say."""
    stores = [look.stores for look in story.looks[1:]] + [story.stores]
    for (before, look), after in zip(pairwise(story.looks), stores[1:], strict=True):
        row = _again(before, look, written=after > look.stores)
        if row and story.reason != "chip: other_card":
            yield row
    if story.fate == "scrapped":
        if story.reason == "chip: locked":
            torn = case.card == "blank"
            yield "the commit's byte torn into nonsense: rejected" if torn else "locked: rejected"
        elif case.again and story.runs == RUNS:
            yield "torn in all three runs: rejected"
        elif story.reason in _REASONS:
            yield _REASONS[story.reason]
    if story.fate == "unknown":
        swapped = "another card" in story.reason
        yield TABLE[14] if swapped else TABLE[13]


def _again(before: Look, look: Look, *, written: bool) -> str | None:
    where = "in the same session" if look.life == before.life else "after kioskd died"
    match look.condition:
        case Condition.BLANK | Condition.PARTIAL if written:
            return f"not committed: begun again, {where}"
        case Condition.COMMITTED if look.ours and not written:
            return f"committed by this job: read back only, {where}"
    return None


def all_cases(*, thin: int = THIN) -> list[Case]:
    plain, whole = play(Case()), play(Case(size="S"))
    return list(cases(plain.writes, plain.commits, whole.writes, thin=thin))


def campaign(todo: Iterable[Case], *, workers: int = 2) -> Findings:
    findings = Findings()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for case, story in pool.imap(_quietly, todo, chunksize=CHUNK):
            findings.add(case, story)
    return findings


def _quietly(case: Case) -> tuple[Case, Story]:
    logging.disable(logging.CRITICAL)  # thousands of deaths have nothing new to tell
    return case, play(case)


def report(findings: Findings) -> str:
    """What is printed: counts by outcome and by row of the table, and how to replay what failed."""
    said = [f"{count:8}  {end}" for end, count in sorted(findings.ends.items())]
    said += [f"{findings.reached[row]:8}  {row}" for row in TABLE]
    half = sum("half written" in fault for _, faults in findings.failed for fault in faults)
    said.append(
        f"{findings.cases} cases, {findings.torn} tears, {findings.deaths} deaths of kioskd, a stranger looked "
        f"{findings.judged} times: {half} readable half-cards, {len(findings.failed)} cases with a violation"
    )
    for case, faults in findings.failed[:10]:
        said += [*faults, f"  {replay_line(case)}"]
    said += [f"never reached: {row}" for row in findings.unreached]
    return "\n".join(said)


def replay_line(case: Case) -> str:
    return f"python -m tests.reliability.chip --replay '{json.dumps(as_words(case), separators=(',', ':'))}'"


def replayed(text: str) -> Story:
    return play(from_words(json.loads(text)))
