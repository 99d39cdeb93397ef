"""SIGKILL at the Nth system call, into the unmodified process with the SQLite that the system ships.

strace injects the signal as the process enters its Nth write to a file, sync, truncation, removal or acknowledgement.
This proves that the death of the process loses nothing, not that of the power: what was written stays in the kernel's
memory (disk.py is for power).
"""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.journal import audit

CALLS = {"pwrite64": 53, "fdatasync": 11, "ftruncate": 1, "unlink": 1, "write": 6}
"""System calls that change a file or tell of it, and how often the scribe makes each with RECORDS records."""
RECORDS = 6
FRESH = 40
"""Lives after which a new journal is begun: so that many deaths are at its birth, too."""
SIGKILL = -9
STRACE = ("strace", "-f", "-qq")


@dataclass
class Deaths:
    kills: int = 0
    at: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    """What was found wrong, with the call that was struck."""


def may_trace() -> bool:
    """Whether strace is here and the system lets it look."""
    if shutil.which("strace") is None:
        return False
    return not subprocess.run([*STRACE, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode


def campaign(kills: int, folder: Path) -> Deaths:
    """Kills the scribe so often, each time at another call, the next life going on with the file that was left."""
    deaths, before, life = Deaths(), 0, 0
    struck = [(call, n) for call, most in CALLS.items() for n in range(1, most + 1)]
    file = folder / "journal.sqlite"
    while deaths.kills < kills and life < 2 * kills:  # a life may end before its call comes
        call, n = struck[(life * 29) % len(struck)]  # 29 and their number have no divisor in common: each comes up
        if life % FRESH == 0:
            for old in folder.glob("journal.sqlite*"):
                old.unlink()
            before = 0
        life += 1
        scribe = subprocess.run(
            [
                *STRACE,
                "-o",
                "/dev/null",
                "-e",
                f"trace={call}",
                "-e",
                f"inject={call}:signal=SIGKILL:when={n}",
                sys.executable,
                "-m",
                "tests.reliability.scribe",
                str(file),
                str(RECORDS),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        told = [int(line) for line in scribe.stdout.split()]
        acknowledged = told[-1] if told else before
        if scribe.returncode == SIGKILL:
            deaths.kills += 1
            deaths.at[call] += 1
        elif scribe.returncode:
            deaths.lost.append(f"life {life}: the scribe cannot go on: {scribe.stderr.strip().splitlines()[-1:]}")
            return deaths
        found, wrong = _found(file, folder / "copy")
        if not acknowledged <= found <= acknowledged + 1 or wrong:
            deaths.lost.append(f"{call} {n}: {acknowledged} acknowledged, {found} found {wrong}".strip())
        deaths.acknowledged += len(told)
        before = found
    return deaths


def _found(file: Path, copy: Path) -> tuple[int, str]:
    """How many records a copy of the files holds, and what is wrong with them: the files themselves stay as they are,
    for the next life to find."""
    copy.mkdir(exist_ok=True)
    for name in ("", "-wal", "-journal"):
        (copy / f"j{name}").unlink(missing_ok=True)
        if (part := file.with_name(file.name + name)).exists():
            shutil.copyfile(part, copy / f"j{name}")
    if not (copy / "j").exists():
        return 0, ""
    connection = sqlite3.connect(copy / "j")
    connection.row_factory = sqlite3.Row
    try:
        damage = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'audit'").fetchone()[0]:
            return 0, ""
        rows = connection.execute("SELECT * FROM audit ORDER BY sequence").fetchall()
        others = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("act", "outbox")]  # noqa: S608
        problems = [*audit.check(rows).problems, *([] if damage == "ok" else [damage])]
        if others != [len(rows)] * 2:
            problems.append(f"{len(rows)} sealed rows, {others} acts and events")
        return len(rows), "; ".join(problems)
    finally:
        connection.close()
