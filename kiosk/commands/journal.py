"""`kiosk journal ...`: the durable record."""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.api.accepting import AcceptRequest
from kiosk.api.client import ApiError
from kiosk.api.staff import AuditExport
from kiosk.commands.common import RUN, STATE, Refusal, RunDir, StateDir, ask
from kiosk.commands.mandated import PERSON, REASON, RequestId, act, again, made
from kiosk.devices.loading import load
from kiosk.journal import export, inspection
from kiosk.journal.audit import Report
from kiosk.journal.export import ExportError
from kiosk.journal.identity import KioskKey, public_key

app = typer.Typer(no_args_is_help=True, help="The durable record.")

Checkpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint", help="A checkpoint kept elsewhere: text of a closing slip's QR, or a file of such lines."
    ),
]
Export = Annotated[Path | None, typer.Option("--export", help="Check this exported file instead, without any kiosk.")]
Key = Annotated[
    str | None, typer.Option(help="The kiosk's public key (base64), as `kiosk status` or the centre has it.")
]


@app.command(name="verify")
def journal_verify(
    state: StateDir = STATE,
    run: RunDir = RUN,
    checkpoint: Checkpoints = None,
    exported: Export = None,
    key: Key = None,
) -> None:
    """Checks the audit chain and its checkpoints: through kioskd if it runs, else on the file itself."""
    witnesses = _witnesses(checkpoint or [])
    if exported is not None:
        if key is None:
            raise Refusal("--export needs --key: an export proves nothing by the key that it names itself")
        report = _exported(exported, key)
    else:
        report = _kept(state, run, witnesses, key)
    for problem in report.problems:
        print(problem)
    for accepted in report.accepted:
        print(accepted)
    whole = "the chain holds but for what was accepted" if report.accepted else "the chain holds"
    verdict = "ALTERED" if report.problems else whole
    print(f"{report.records} records, head {report.head or 'none'}: {verdict}")
    print(f"{report.checkpoints} checkpoints cover it up to record {report.sealed}")
    raise typer.Exit(1 if report.problems else 0)


@app.command(name="accept")
def journal_accept(
    minutes: Annotated[str, typer.Option(help="Number of the minutes (berita acara).")],
    person: Annotated[list[str], PERSON],
    reason: Annotated[str, REASON],
    hopper: Annotated[int, typer.Option(prompt="Blanks in the hopper")],
    bin_: Annotated[int, typer.Option("--bin", prompt="Cards in the reject bin")],
    vault: Annotated[int | None, typer.Option(help="Blanks in the vault, if it has any.")] = None,
    spoiled: Annotated[int | None, typer.Option(help="Spoiled cards locked away, if there are any.")] = None,
    request: RequestId = None,
    run: RunDir = RUN,
) -> None:
    """Two people, one a supervisor, accept a journal that is behind, damaged, or older than the printer's count, so
    that cards can be made again. Every blank is counted first; what is accepted stays on record."""
    counted = {"hopper": hopper, "bin": bin_, "vault": vault, "spoiled": spoiled}
    asked = made(AcceptRequest, **again(request), minutes=minutes, counted=counted, reason=reason)
    accepted = act(run, asked, person, 2, lambda kioskd, proven: kioskd.accept_journal(proven))
    for finding in accepted.findings:
        print(finding)
    print(f"accepted at record {accepted.record}: {', '.join(accepted.causes)}")
    print(f"{accepted.jobs} card jobs entered on the centre's word, {len(accepted.cases)} cases open")
    if accepted.doubtful:
        print(f"{accepted.doubtful} approvals may have been used and give no card; the centre must give new ones")


@app.command(name="export")
def journal_export(
    out: Annotated[Path, typer.Option(help="The file to write; it must not exist.")],
    state: StateDir = STATE,
    run: RunDir = RUN,
    profile: Annotated[
        str, typer.Option(envvar="ANJUNGAN_PROFILE", help="Whose kiosk id the file names, if kioskd is not running.")
    ] = "laptop-sim",
    person: Annotated[list[str] | None, PERSON] = None,
    reason: Annotated[str, REASON] = "",
) -> None:
    """Writes the whole audit as one signed file for an auditor: through kioskd, under his name, if it runs; else from
    the journal's file, which only the machine's keeper can read."""
    try:
        ask(run, lambda kioskd: kioskd.version())
    except ApiError as error:
        if error.problem is not None:
            raise
        _export_file(out, state, profile)
    else:
        request = made(AuditExport, reason=reason)
        text = act(run, request, person or [], 1, lambda kioskd, proven: kioskd.export(proven))
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    print(f"{out}: check it with `kiosk journal verify --export {out} --key ...`")


def _export_file(out: Path, state: Path, profile: str) -> None:
    from kiosk.station.daemon import JOURNAL

    writer = export.Writer(KioskKey.read(state, load(profile).kiosk.id))
    with inspection.opened(state / JOURNAL) as connection, out.open("x", encoding="utf-8", newline="\n") as file:
        for line in export.lines(connection, writer):
            file.write(line)


def _kept(state: Path, run: Path, witnesses: list[str], key: str | None) -> Report:
    try:
        found = ask(run, lambda kioskd: kioskd.journal(witnesses))
    except ApiError as error:
        if error.problem is not None:
            raise
        from kiosk.station.daemon import JOURNAL

        try:
            trusted = public_key(key) if key else None
        except ValueError as wrong:
            raise Refusal("--key: expected base64 of the 32 bytes of an Ed25519 public key") from wrong
        return inspection.verify(state / JOURNAL, witnesses=witnesses, key=trusted)
    return Report(
        found.records, found.head, tuple(found.problems), found.checkpoints, found.sealed, tuple(found.accepted)
    )


def _exported(path: Path, key: str) -> Report:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            return export.verify(file, key)
    except (ExportError, UnicodeDecodeError) as error:
        raise Refusal(f"{path}: {error}") from error


def _witnesses(given: list[str]) -> list[str]:
    """Texts as given, and the lines of those that are files."""
    texts: list[str] = []
    for one in given:
        is_file = "//" not in one and Path(one).is_file()
        texts += Path(one).read_text(encoding="utf-8").split() if is_file else [one]
    return texts
