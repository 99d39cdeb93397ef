"""Which branches the office days must have gone through; a run that is long enough and misses one has shown too little.

`BY_CHANCE`: what residents, faults, outages and cuts bring about sooner or later, in RARE_FROM resident-days with cuts.
`BY_TURN`: what the rota brings about in ROUND days, with cuts or without. Every audit event, every operation of staff
and every cause by which kioskd refuses is in one of the two, or in ELSEWHERE with the test that goes through it instead
(tests/sim/office/test_rare.py holds that). Single card jobs have a list of their own: tests/reliability/campaign.py.
"""

from collections.abc import Mapping

from sim.office.rota import ROUND

BY_CHANCE = (
    "power cut",
    "kioskd killed",
    "link outage",
    "server outage",
    "uncounted blanks",
    "second try: refused already_collected",
    "refused approval_forged",
    "refused approval_expired",
    "refused approval_other_office",
    "refused approval_other_person",
    "refused link_down",
    "refused recovering",
    "cannot card_not_taken",
    "cannot finger_not_seen",
    "staff finger_no_match",
    "job presented -> taken",
    "job scrap_intent -> scrapped",
    "job retract_intent -> captured",
    "chip begun twice",
    "second blank of a job",
    "ticket",
)
RARE_FROM = 2_000
"""Resident-days with cuts."""

_TAKES_TWO = ("override", "load_blanks", "unload_blanks", "resolve_unknown", "destroy_blanks")
BY_TURN = (
    # -- two people, and one ---------------------------------------------------------------------------------------
    "override done",
    "audit finger_overridden",
    "staff override",
    "staff load_blanks",
    "staff unload_blanks",
    "staff receive_blanks",
    "staff open_case",
    "staff settle_case",
    "staff write_off_case",
    "staff daily_close",
    "staff call_next",
    "staff clean_printer",
    "staff read_digest",
    "staff export_audit",
    "staff set_pin",
    "staff manage_people",
    "refused needs_staff",
    "audit job_recovered",
    "audit job_resolved",
    "staff resolve_unknown",
    "audit bin_emptied",
    "staff empty_bin",
    "audit blanks_destroyed",
    "staff destroy_blanks",
    "case missing found",
    "case surplus written off",
    "roster changed",
    # -- refused ----------------------------------------------------------------------------------------------------
    "refused no_fingers",
    "refused slip_invalid",
    "refused nik_invalid",
    "no number service_unknown",
    "refused busy",
    "refused blanks_out",
    "staff cancelled",
    "refused approval_revoked",
    "refused authorisation_cut",
    "no number authorisation_cut",
    "refused authorisation_expired",
    "refused clock_unknown",
    "refused power_failing",
    "refused disk_full",
    "refused journal_behind",
    "refused day_closed",
    "refused books_refuse",
    "staff card_failed",
    "card after two dead chips",
    "number with a full disk",
    "UPS tells of a cut",
    "mains flicker",
    # -- dishonest people ----------------------------------------------------------------------------------------------
    *(f"denied {operation}" for operation in _TAKES_TWO),
    "denied export_audit",
    "denied read_digest",
    "denied write_off_case",
    "denied manage_people",
    "dishonest alone: denied",
    "dishonest twice: denied",
    "dishonest own key for another: denied",
    "dishonest guessed PIN: denied",
    "dishonest old proof: denied",
    "dishonest after another role: denied",
    "dishonest in another role: denied",
    "dishonest after leaving: denied",
    "dishonest gone: denied",
    "dishonest technician: denied",
    "dishonest stranger: denied",
    "dishonest no approval: refused approval_missing",
    "dishonest another office's approval: refused approval_other_office",
    "dishonest expired approval: refused approval_expired",
    "dishonest altered approval: refused approval_forged",
    "dishonest replayed approval: refused already_collected",
    "uncounted blanks",
    "blanks pocketed",
    # -- the record --------------------------------------------------------------------------------------------------
    "audit kiosk_started",
    "audit kiosk_key_made",
    "audit clock_corrected",
    "audit power_failed",
    "audit power_returned",
    "audit roster_accepted",
    "audit staff_acted",
    "audit staff_denied",
    "audit pin_set",
    "audit pin_wrong",
    "audit pin_locked",
    "audit pin_cleared",
    "audit blanks_loaded",
    "audit blanks_unloaded",
    "audit blanks_received",
    "audit case_opened",
    "audit case_found",
    "audit case_written_off",
    "audit day_closed",
    "audit ticket_issued",
    "audit ticket_delivered",
    "audit collection_refused",
    "audit collection_started",
    "audit collection_ended",
    "audit finger_checked",
    "audit job_opened",
    "audit job_step",
    "audit chip_committed",
    "audit job_closed",
)

ELSEWHERE: Mapping[str, str] = {
    "audit journal_behind": "refused journal_behind, above: after the day's books were checked",
    "audit journal_damaged": "tests/kiosk/station/test_accepting.py",
    "audit feeds_unexplained": "tests/kiosk/station/test_accepting.py",
    "audit journal_accepted": "tests/kiosk/station/test_accepting.py",
    "audit job_taken_over": "tests/kiosk/station/test_accepting.py",
    "staff accept_journal": "tests/kiosk/station/test_accepting.py",
    "refused feeds_unexplained": "tests/kiosk/station/test_accepting.py",
    "audit day_not_closed": "each simulated day is closed; tests/kiosk/station/test_closing.py",
    "refused journal_damaged": "tests/kiosk/journal/test_sealing.py",
    "refused centre_down": "BY_CHANCE has the outage itself",
    "refused staff_denied": "denied ..., above",
    "refused invalid": "HTTP checks it before kioskd's rooms do: tests/kiosk/staff/test_policy.py",
    "refused internal": "no way leads there that is known",
}
"""Why not here, and where it is tried."""
NEVER = ("chip begun more than three times",)
"""What no day may go through."""


def unreached(counts: Mapping[str, int], days: int, cut: int) -> list[str]:
    """What a run of `days` days should have gone through and has not. `cut`: residents on each day with cuts, 0 if
    there were none."""
    wanted = (BY_CHANCE if days * cut >= RARE_FROM else ()) + (BY_TURN if days >= ROUND else ())
    return [branch for branch in dict.fromkeys(wanted) if not counts.get(branch)]
