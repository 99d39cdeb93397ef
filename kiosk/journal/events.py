"""What is audited, declared as data: each event's name, one sentence of what it says, and the fields it carries.

docs/audit-events.md is made from this (`make docs`). `audit.append` takes nothing that is not declared here. No event
and no field carries personal data: a person appears as the id of his approval, an officer as his own id.
"""

from enum import StrEnum
from typing import Self

FIELDS = {
    "after": "Number of the last record before this one; the numbers in between belong to a stretch that was lost.",
    "approval": "Id (`jti`) of the centre's approval.",
    "attempt": "Which try of the finger it was, from 1.",
    "blank": "Which blank of the job it is, from 1.",
    "by": "What the resident showed: `slip` or `nik`; never its content.",
    "case": "Number of a case: blanks that a count did not find, or found too many.",
    "cases": "Numbers of the cases that it opened.",
    "cause": "Why: a word of the API's `Cause` or of a device; null if nothing stood in the way.",
    "causes": "Why the journal could not be believed: words of the API's `Cause`.",
    "claimed": "Ids of the people whose names were given, of those who are or were on a roster.",
    "collection": "Id of the resident's attempt to collect a card.",
    "content": "SHA-256 in hex over every record before this one, exactly as it stands.",
    "counts": "For each place that was counted: what the books had there, and what was counted.",
    "day": "The office's day, as a date.",
    "detail": "For the technician: what exactly was found.",
    "digest": "SHA-256 in hex of what the chip holds once the commit arrives.",
    "document": "Number of the delivery note.",
    "doubtful": "How many approvals give no card any more, because they may have been used.",
    "end": "How the job ended: `taken`, `scrapped`, `captured`, `void` or `unknown`.",
    "events": "The last outbox event that kiosk and centre share, and the centre's last; null if it was not asked.",
    "fed": "The printer's count of cards fed: at the close before, now, and what the books have in between.",
    "findings": "What is wrong with the records before, as far as it is listed.",
    "first": "Position of the first blank in its lot.",
    "found": "What the hardware's answer made of the job.",
    "job": "Id of the card job.",
    "jobs": "How many card jobs were entered on the centre's word.",
    "key": "Base64 of the 32 bytes of an Ed25519 public key.",
    "kind": "`missing`, `surplus`, or `counter` for the printer's own count.",
    "left": "How many tries are left.",
    "lot": "Lot of the blanks.",
    "mandate": "Id under which these people were let do it; used once.",
    "matched": "Whether the finger was the holder's.",
    "medium": "`paper`, `preprinted` or `screen`.",
    "minutes": "Number of the minutes (berita acara).",
    "number": "The queue number as it is called.",
    "operation": "What staff do: a word of the table in kiosk/people/policy.",
    "people": "Ids of people who work here.",
    "person": "Id of the person whom it is about.",
    "place": "Where it was counted: `hopper`, `bin`, `vault`, `spoiled`, `unknown`, `printer`.",
    "preprinted": "Number of the pre-printed ticket that stands for it, if one does.",
    "profile": "Name of the hardware profile.",
    "quantity": "How many blanks.",
    "reason": "Why, in words.",
    "roster": "Number of the roster.",
    "seconds": "By how many seconds; negative is back.",
    "service": "Id of the service.",
    "signature": "The kiosk's Ed25519 signature, as docs/audit.md says.",
    "stage": "Where the collection ended, as the screen shows it.",
    "state": "State of the job.",
    "subject": "What it is about: an approval, a job, a service, a day, a person; never a resident.",
    "tries": "How often a finger had been judged for this approval before.",
    "uid": "The chip's UID in hex, if it was read.",
    "uids": "The chips' UIDs, as far as they are certain.",
    "version": "Version of the program.",
    "was": "Account of the blank ledger in which the card stood before.",
    "where": "Account of the blank ledger to which people booked it.",
    "witnesses": "Ids of the two who saw it, from their own offices.",
}
"""Every field, with its meaning. A field means the same in every event that has it."""


class Event(StrEnum):
    """NAME = "name", "What it says.", "its fields". The sentence is for the auditor who reads the journal."""

    sentence: str
    fields: frozenset[str]

    def __new__(cls, name: str, sentence: str, fields: str = "") -> Self:
        event = str.__new__(cls, name)
        event._value_ = name
        event.sentence = sentence
        event.fields = frozenset(fields.split())
        return event

    KIOSK_STARTED = "kiosk_started", "kioskd started on this journal.", "version profile"
    KIOSK_KEY_MADE = (
        "kiosk_key_made",
        "The kiosk made itself the key that signs its checkpoints from here on.",
        "key",
    )
    CLOCK_CORRECTED = (
        "clock_corrected",
        "The centre's signed time took the place of a time that was wrong by more than a minute.",
        "seconds",
    )
    JOURNAL_BEHIND = (
        "journal_behind",
        "The centre holds events of this kiosk that this journal does not know: no card is made any more.",
        "detail",
    )
    JOURNAL_DAMAGED = (
        "journal_damaged",
        "At its start kioskd found that the record does not end as it was left: no card is made any more.",
        "detail",
    )
    FEEDS_UNEXPLAINED = (
        "feeds_unexplained",
        "At the start the card printer had fed more cards than this journal knows of: no card is made any more.",
        "detail",
    )
    JOURNAL_ACCEPTED = (
        "journal_accepted",
        "The two people named as actor counted, and accepted the record before as it is: a new stretch begins.",
        "after content causes findings minutes key signature events jobs counts fed cases doubtful",
    )
    JOB_TAKEN_OVER = (
        "job_taken_over",
        "A card job of a lost stretch was entered on the centre's word.",
        "job approval end uid",
    )
    POWER_FAILED = (
        "power_failed",
        "The UPS told that the mains are gone; from here on no card is begun.",
        "",
    )
    POWER_RETURNED = "power_returned", "The mains came back before the kiosk was switched off.", ""
    ROSTER_ACCEPTED = "roster_accepted", "The centre's list of who works here came into force.", "roster people"
    STAFF_ACTED = (
        "staff_acted",
        "The people named as actor proved themselves by key and PIN, and did this.",
        "operation subject reason mandate",
    )
    STAFF_DENIED = (
        "staff_denied",
        "Somebody asked for an act of staff, and may not or did not prove who he is.",
        "operation claimed detail",
    )
    PIN_SET = "pin_set", "The person named as actor set his PIN.", ""
    PIN_WRONG = "pin_wrong", "A wrong PIN was given with the key of the person named as actor.", "left"
    PIN_LOCKED = "pin_locked", "The person named as actor must wait after too many wrong PINs.", ""
    PIN_CLEARED = "pin_cleared", "Two people let a third set a new PIN.", "person"
    BLANKS_LOADED = (
        "blanks_loaded",
        "The two officers named as actor counted blanks into the hopper.",
        "quantity lot first",
    )
    BLANKS_UNLOADED = (
        "blanks_unloaded",
        "The two people named as actor counted blanks out of the hopper.",
        "quantity lot first",
    )
    BLANKS_RECEIVED = (
        "blanks_received",
        "The two officers named as actor counted a delivery into the vault.",
        "quantity lot first document",
    )
    BIN_EMPTIED = "bin_emptied", "The bin's cards were counted and locked up until they are destroyed.", "quantity"
    BLANKS_DESTROYED = (
        "blanks_destroyed",
        "The people named as actor destroyed all spoiled cards before two witnesses.",
        "quantity minutes witnesses uids",
    )
    CASE_OPENED = (
        "case_opened",
        "A count and the books differ: blanks are missing, or too many are there.",
        "case kind place quantity reason",
    )
    CASE_FOUND = (
        "case_found",
        "Blanks of a case were found, or it is known where they came from.",
        "case quantity where",
    )
    CASE_WRITTEN_OFF = (
        "case_written_off",
        "A case was given up by minutes; what was too much is taken into the books.",
        "case quantity minutes",
    )
    DAY_CLOSED = (
        "day_closed",
        "The two officers named as actor counted, and the day was closed with what they counted.",
        "day counts fed cases",
    )
    DAY_NOT_CLOSED = "day_not_closed", "It is the morning after, and nobody has closed this day.", "day"
    TICKET_ISSUED = "ticket_issued", "A queue number was given to a resident.", "number service day"
    TICKET_DELIVERED = (
        "ticket_delivered",
        "A queue number reached the resident.",
        "number medium preprinted cause",
    )
    COLLECTION_REFUSED = (
        "collection_refused",
        "A resident asked for a card and was told why he cannot have it.",
        "collection by cause detail",
    )
    COLLECTION_STARTED = (
        "collection_started",
        "A resident was admitted to collect the card of this approval.",
        "collection approval",
    )
    COLLECTION_ENDED = "collection_ended", "A collection ended, with or without a card.", "collection stage cause"
    FINGER_CHECKED = (
        "finger_checked",
        "A finger was compared with those of the approval's record.",
        "approval attempt matched",
    )
    FINGER_OVERRIDDEN = (
        "finger_overridden",
        "The two people named as actor answer for the holder instead of his finger.",
        "collection approval tries",
    )
    JOB_RESOLVED = (
        "job_resolved",
        "The two people named as actor said where the card is that the hardware lost sight of.",
        "job was where",
    )
    JOB_OPENED = "job_opened", "A card job began: one blank's way for one approval.", "job approval blank"
    JOB_STEP = (
        "job_step",
        "A card job came to this state; an intent is written before its act, the rest after.",
        "job state",
    )
    CHIP_COMMITTED = (
        "chip_committed",
        "The chip is about to be committed: from now on it may hold what has this digest.",
        "job digest",
    )
    JOB_CLOSED = "job_closed", "A card job ended, and its blank was booked.", "job end reason uid"
    JOB_RECOVERED = "job_recovered", "A job that nobody attended was settled by asking the hardware.", "job state found"
