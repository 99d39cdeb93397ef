"""`kiosk bench ...`: figures that anyone can measure again, on data of his own."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kiosk.biometrics import det, protocol

app = typer.Typer(no_args_is_help=True, help="Figures of this code on this machine, on your data.")

Folder = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Records named SET_FINGER_IMPRESSION.fmr.")]


@app.callback()
def bench() -> None:
    """Keeps `fingerprint` a command of its own, though it is the only one."""


@app.command()
def fingerprint(
    probe: Folder,
    reference: Folder,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write every figure to this file.")] = None,
    curve: Annotated[Path, typer.Option("--det", help="Picture of the detection errors (PNG).")] = Path("det.png"),
) -> None:
    """Matches all records i < j of each set, probe i against reference j, and prints the errors and times."""
    report = protocol.run(protocol.read(probe), protocol.read(reference))
    console = Console()
    table = Table("set", "genuine", "impostor", "EER %", "FNMR % at FMR 1 %", "0.1 %", "0", "thresholds", box=None)
    for one in [*report.sets, report.pooled]:
        points = (one.fnmr_1, one.fnmr_01, one.fnmr_0)
        rates = [f"{100 * rate:.2f}" for rate in (one.eer, *(at.fnmr for at in points))]
        thresholds = " / ".join(f"{at:.2f}" for at in (one.eer_threshold, *(at.threshold for at in points)))
        table.add_row(one.name, str(one.genuine), str(one.impostor), *rates, thresholds)
    console.print(table)
    times = report.times
    console.print(
        f"Processor time: prepare {times.prepare_ms:.2f} ms a record; match {times.match_ms:.2f} ms median, "
        f"{times.cold_ms:.2f} ms with both still to be prepared; {times.matches_per_second:,.0f} matches/s in a mixed "
        "gallery of 1,000"
    )
    det.draw(report).save(curve, "PNG")
    console.print(f"Curve: {curve}")
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
        console.print(f"Figures: {json_file}")
