"""What staff can do, who may, and how many of them it takes: one table, from which the tests are generated.

An operation that is not in RULES cannot be mandated, and the tests fail. Dual control of blanks and stock follows
ICAO Doc 9303 Part 2 (accounting of production material) and the card-production rules of PCI (two people count).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kiosk.people.roles import Role

REASON_MIN, REASON_MAX = 5, 200
"""Characters of a reason."""


class Operation(StrEnum):
    """Everything that staff can do. What moves nothing and shows nothing personal (status, self-test, the log, the
    audit chain's verdict) asks for nobody's name, and is none of these."""

    OVERRIDE = "override"
    """A card is made although no finger matched."""
    LOAD_BLANKS = "load_blanks"
    """Counted blanks go into the hopper."""
    UNLOAD_BLANKS = "unload_blanks"
    """Counted blanks are taken out of the hopper."""
    RESOLVE_UNKNOWN = "resolve_unknown"
    """Says where the card of a job is that the hardware lost sight of."""
    RECEIVE_BLANKS = "receive_blanks"
    """A delivery from the centre is counted into the vault."""
    EMPTY_BIN = "empty_bin"
    """The reject bin's cards are counted and locked away."""
    OPEN_CASE = "open_case"
    """Blanks are missing, or too many are there."""
    SETTLE_CASE = "settle_case"
    """What was missing is found, or what was too much explained."""
    WRITE_OFF_CASE = "write_off_case"
    """A case is given up, by minutes (berita acara)."""
    DESTROY_BLANKS = "destroy_blanks"
    """Spoilt cards are destroyed, with minutes (berita acara) and witnesses."""
    DAILY_CLOSE = "daily_close"
    """The day's count against the ledger and the printer's counter."""
    ACCEPT_JOURNAL = "accept_journal"
    """A journal that cannot be believed is accepted as it is, after a count, by minutes (berita acara)."""
    CALL_NEXT = "call_next"
    """A counter calls its next number."""
    CLEAN_PRINTER = "clean_printer"
    """The card printer's cleaning cycle."""
    READ_DIGEST = "read_digest"
    """What each person did on a day."""
    EXPORT_AUDIT = "export_audit"
    """The audit leaves the kiosk as a file."""
    SET_PIN = "set_pin"
    """A person sets or changes the own PIN."""
    MANAGE_PEOPLE = "manage_people"
    """A forgotten PIN is cleared, a lock-out lifted. Who works here and in which role, only the centre says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`roles`: who may take part. `people`: how many different ones it takes, 1 or 2.
    `led_by`: at least one of them has one of these roles. `reason`: they must say why."""

    roles: frozenset[Role]
    people: int
    led_by: frozenset[Role]
    reason: bool = False


def _rule(people: int, roles: str, *, led_by: str = "", reason: bool = False) -> Rule:
    """Roles by their initials: o, s, t, a."""
    named = {role.value[0]: role for role in Role}
    may = frozenset(named[letter] for letter in roles)
    return Rule(may, people, frozenset(named[letter] for letter in led_by) or may, reason)


RULES: Mapping[Operation, Rule] = MappingProxyType(
    {
        Operation.OVERRIDE: _rule(2, "os", reason=True),
        Operation.LOAD_BLANKS: _rule(2, "os"),
        Operation.UNLOAD_BLANKS: _rule(2, "ost", led_by="os"),
        Operation.RESOLVE_UNKNOWN: _rule(2, "ost", led_by="os", reason=True),
        Operation.RECEIVE_BLANKS: _rule(2, "os"),
        Operation.EMPTY_BIN: _rule(2, "ost", led_by="os"),
        Operation.OPEN_CASE: _rule(2, "os", reason=True),
        Operation.SETTLE_CASE: _rule(2, "os", reason=True),
        Operation.WRITE_OFF_CASE: _rule(2, "os", led_by="s", reason=True),
        Operation.DESTROY_BLANKS: _rule(2, "os", led_by="s", reason=True),
        Operation.DAILY_CLOSE: _rule(2, "os"),
        Operation.ACCEPT_JOURNAL: _rule(2, "os", led_by="s", reason=True),
        Operation.CALL_NEXT: _rule(1, "os"),
        Operation.CLEAN_PRINTER: _rule(1, "ost"),
        Operation.READ_DIGEST: _rule(1, "sa"),
        Operation.EXPORT_AUDIT: _rule(1, "sa", reason=True),
        Operation.SET_PIN: _rule(1, "osta"),
        Operation.MANAGE_PEOPLE: _rule(2, "os", led_by="s", reason=True),
    }
)


class Denied(Exception):
    """These people may not do this, or not like this. The text says why; it names roles and rules, never people."""


def check(operation: Operation, people: Mapping[str, Role], reason: str) -> None:
    """Whether these people, by id with the role that each has now, may do this. Raises Denied."""
    rule = RULES[operation]
    if len(people) != rule.people:
        raise Denied(f"{operation} takes {rule.people} different people, not {len(people)}")
    for role in people.values():
        if role not in rule.roles:
            raise Denied(f"{operation} is not for a {role}; it is for {_said(rule.roles)}")
    if not rule.led_by.intersection(people.values()):
        raise Denied(f"{operation} needs a {_said(rule.led_by)} among the two")
    if rule.reason or reason:
        check_reason(reason)


def check_reason(reason: str) -> None:
    """A reason says why, not who: text of 5 to 200 printable characters without a person's number. Raises Denied."""
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX or not reason.isprintable():
        raise Denied(f"a reason has {REASON_MIN} to {REASON_MAX} printable characters")
    if sum(letter.isdigit() for letter in reason) >= 8:
        raise Denied("a reason holds no number of a person")


@dataclass(frozen=True, slots=True)
class Mandate:
    """Proof that these people were entitled to do this one thing now. Acts of staff take it as an argument.

    Only `kiosk.people.desk` makes one (a test searches the tree for others), after each of `people` proved key and
    PIN. `kiosk.people.acts.spend` books it in the act's own transaction, and refuses it a second time.
    """

    operation: Operation
    people: tuple[str, ...]
    """Ids as the roster gives them, all different."""
    reason: str
    id: str
    """Never given twice."""

    def __post_init__(self) -> None:
        rule = RULES[self.operation]
        if len(set(self.people)) != rule.people or len(self.people) != rule.people:
            raise Denied(f"{self.operation} takes {rule.people} different people")
        if rule.reason:
            check_reason(self.reason)

    @property
    def actor(self) -> str:
        """As it stands in audit and ledger: `OFFICER-1+OFFICER-2`."""
        return "+".join(self.people)


def _said(roles: frozenset[Role]) -> str:
    return " or ".join(sorted(roles))
