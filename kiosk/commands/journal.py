"""`kiosk journal ...`: the durable record."""

import typer

from kiosk.api.client import ApiError
from kiosk.commands.common import RUN, STATE, RunDir, StateDir, ask
from kiosk.journal.audit import verify

app = typer.Typer(no_args_is_help=True, help="The durable record.")


@app.command(name="verify")
def journal_verify(state: StateDir = STATE, run: RunDir = RUN) -> None:
    """Recomputes the audit chain: through kioskd if it runs, else on the file itself."""
    try:
        report = ask(run, lambda kioskd: kioskd.journal())
        records, head, problems = report.records, report.head, tuple(report.problems)
    except ApiError as error:
        if error.problem is not None:
            raise
        from kiosk.station.daemon import JOURNAL

        found = verify(state / JOURNAL)
        records, head, problems = found.records, found.head, found.problems
    for problem in problems:
        print(problem)
    print(f"{records} records, head {head or 'none'}: {'ALTERED' if problems else 'the chain holds'}")
    raise typer.Exit(1 if problems else 0)
