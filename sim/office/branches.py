"""Which branches a journal has gone through, told from its rows: what the rare-branch lists of the runs are made of.

`of_cards` is about single card jobs (the campaign of cut schedules and the office days count it), `of_office` about
everything that is audited and done by staff (office days alone).
"""

from collections import Counter

from kiosk.journal.database import Transaction

_JOBS = {
    # A chip that was torn or whose answer was lost is begun again, at most three times for one blank.
    "chip begun twice": "SELECT count(*) FROM (SELECT 1 FROM act WHERE kind = 'encode' GROUP BY subject"
    " HAVING count(*) = 2)",
    "chip begun three times": "SELECT count(*) FROM (SELECT 1 FROM act WHERE kind = 'encode' GROUP BY subject"
    " HAVING count(*) = 3)",
    "chip begun more than three times": "SELECT count(*) FROM (SELECT 1 FROM act WHERE kind = 'encode' GROUP BY subject"
    " HAVING count(*) > 3)",
    # The commit's answer was lost: the last run promised nothing new, and found the chip as an earlier one had left it.
    "chip found whole": "SELECT count(*) FROM (SELECT json_extract(body, '$.job') AS job,"
    " max(CASE WHEN kind = 'chip_committed' THEN sequence END) AS promised,"
    " max(CASE WHEN json_extract(body, '$.state') = 'encode_intent' THEN sequence END) AS begun,"
    " max(CASE WHEN json_extract(body, '$.state') = 'encoded' THEN sequence END) AS whole"
    " FROM audit WHERE kind IN ('chip_committed', 'job_step') GROUP BY 1)"
    " WHERE promised < begun AND begun < whole",
    "second blank of a job": "SELECT count(*) FROM job WHERE blank = 2",
    "card came out though its answer was lost": "SELECT count(*) FROM act JOIN job ON job.id = act.subject"
    " WHERE act.kind = 'present' AND act.outcome <> 'done' AND job.state = 'presented' AND job.outcome = 'taken'",
    "retract found the card taken": "SELECT count(*) FROM act JOIN job ON job.id = act.subject"
    " WHERE act.kind = 'retract' AND act.outcome <> 'done' AND job.outcome = 'taken'",
}
_WITH_CHIP = ("fed", "encode_intent", "encoded", "verified")


def of_cards(tx: Transaction) -> Counter[str]:
    """Ends of jobs by the state that they ended in, what a start found, and what became of chips."""
    seen: Counter[str] = Counter()
    for row in tx.rows("SELECT state, outcome, reason FROM job WHERE outcome IS NOT NULL"):
        seen[f"job {row['state']} -> {row['outcome']}"] += 1
        for why in ("fed, then gone", "another card in the path", "its holder did not come back in time"):
            seen[f"job ended: {why}"] += (row["reason"] or "").endswith(why)
    for row in tx.rows(
        "SELECT json_extract(body, '$.state') AS state, json_extract(body, '$.found') AS found FROM audit"
        " WHERE kind = 'job_recovered'"
    ):
        if row["state"] in _WITH_CHIP and row["found"] == "scrapped":
            seen["found after the third run of its chip: scrapped"] += 1
        else:
            seen[f"found in {row['state']}: {row['found']}"] += 1
    for name, question in _JOBS.items():
        seen[name] += tx.number(question)
    return +seen


def of_office(tx: Transaction) -> Counter[str]:
    """How often each event was audited, each operation done by staff, and each denied to somebody."""
    seen: Counter[str] = Counter()
    for row in tx.rows("SELECT kind, count(*) AS n FROM audit GROUP BY kind"):
        seen[f"audit {row['kind']}"] = row["n"]
    for row in tx.rows("SELECT operation, count(*) AS n FROM staff_act GROUP BY operation"):
        seen[f"staff {row['operation']}"] = row["n"]
    for row in tx.rows(
        "SELECT json_extract(body, '$.operation') AS operation, count(*) AS n FROM audit WHERE kind = 'staff_denied'"
        " GROUP BY 1"
    ):
        seen[f"denied {row['operation']}"] = row["n"]
    return seen
