"""`kiosk staff ...`: what people do under their names, each with a key file and a PIN."""

import base64
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console
from rich.table import Table

from kiosk.api import staff as s
from kiosk.api.client import Client
from kiosk.commands.common import RUN, RunDir, ask
from kiosk.commands.mandated import PERSON, REASON, act, made, named, secret, show_blanks

People = Annotated[list[str], PERSON]
Reason = Annotated[str, REASON]
PRIVATE = 0o600

app = typer.Typer(no_args_is_help=True, help="What people do under their names.")


@app.command()
def key(out: Annotated[Path, typer.Option(help="The new key file; keep it on a stick of your own.")]) -> None:
    """Makes a person's key, and prints the public half for the centre's roster."""
    new = Ed25519PrivateKey.generate()
    text = new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        file.write(text)
    print(base64.b64encode(new.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode())


@app.command()
def roster(file: Path, run: RunDir = RUN) -> None:
    """Gives kioskd the roster, as the centre signed it, when the line does not bring it."""
    sent = s.RosterSent(roster=file.read_text().strip())
    _show_people(ask(run, lambda kioskd: kioskd.send_roster(sent)))


@app.command()
def people(run: RunDir = RUN) -> None:
    """Shows who works here, and who has set a PIN."""
    _show_people(ask(run, lambda kioskd: kioskd.colleagues()))


@app.command()
def pin(person: People, run: RunDir = RUN) -> None:
    """Sets your PIN: the first one by your key, another by key and old PIN."""
    [(name, path)] = named(person, 1)
    known = {one.id: one.pin_set for one in ask(run, lambda kioskd: kioskd.colleagues())}
    old = secret(f"Old PIN of {name}") if known.get(name) else ""
    new = secret(f"New PIN of {name}", again=True)
    request = made(s.PinSet, new_pin=new)
    credential = s.Credential.from_file(name, path, old)

    async def change(kioskd: Client) -> None:
        await kioskd.set_pin(await s.proven(kioskd, request, [credential]))

    ask(run, change)
    print(f"{name}: PIN set")


@app.command(name="clear-pin")
def clear_pin(forgotten: str, person: People, reason: Reason, run: RunDir = RUN) -> None:
    """Lets somebody who forgot the PIN, or is locked out, set a new one."""
    request = made(s.PinCleared, person=forgotten, reason=reason)
    act(run, request, person, 2, lambda kioskd, proven: kioskd.clear_pin(proven))
    print(f"{forgotten}: sets a new PIN with `kiosk staff pin`")


@app.command()
def override(
    person: People,
    reason: Reason,
    slip: Annotated[str | None, typer.Option(help="The code on the resident's slip.")] = None,
    nik: Annotated[str | None, typer.Option(help="Or the resident's NIK.")] = None,
    run: RunDir = RUN,
) -> None:
    """Two people answer for a resident whose finger does not match or cannot be read; the card is made at once."""
    request = made(s.OverrideRequest, slip=slip, nik=nik, reason=reason)
    shown = act(run, request, person, 2, lambda kioskd, proven: kioskd.override(proven))
    print(f"the collection goes on without the finger: {shown.stage}")


@app.command()
def unknown(run: RunDir = RUN) -> None:
    """Lists the cards that the hardware lost sight of and that somebody has to find."""
    jobs = ask(run, lambda kioskd: kioskd.unresolved())
    for job in jobs:
        print(f"{job.job}  since {job.since:%Y-%m-%d %H:%M} UTC  booked as {job.where}  ({job.reason})")
    if not jobs:
        print("no card is being looked for")


@app.command()
def resolve(job: str, found: s.Found, person: People, reason: Reason, run: RunDir = RUN) -> None:
    """Says where the card of such a job was found. Only a destroyed one lets another be made."""
    request = made(s.Resolution, job=job, found=found, reason=reason)
    show_blanks(act(run, request, person, 2, lambda kioskd, proven: kioskd.resolve(proven)))


@app.command()
def clean(person: People, run: RunDir = RUN) -> None:
    """Runs the card printer's cleaning cycle, with the cleaning card in its place."""
    act(run, made(s.PrinterCleaning), person, 1, lambda kioskd, proven: kioskd.clean_printer(proven))
    print("the printer was cleaned")


@app.command()
def digest(
    person: People,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Today, if not given.")] = None,
    run: RunDir = RUN,
) -> None:
    """Shows a supervisor what each person did on a day."""
    when = day.date() if day else ask(run, lambda kioskd: kioskd.state()).now.astimezone().date()
    lines = act(run, made(s.DigestRequest, day=when), person, 1, lambda kioskd, proven: kioskd.digest(proven))
    for line in lines:
        counts = {name.replace("_", " "): count for name, count in line.model_dump(exclude={"person"}).items() if count}
        print(f"{line.person}: {', '.join(f'{name} {count}' for name, count in counts.items())}")
    if not lines:
        print("nobody did anything on that day")


def _show_people(found: list[s.Colleague]) -> None:
    table = Table("person", "role", "PIN")
    for one in found:
        table.add_row(one.id, one.role, "set" if one.pin_set else "[red]not set[/]")
    Console().print(table)
