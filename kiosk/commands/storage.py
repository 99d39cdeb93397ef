"""`kiosk storage ...`: is this disk fit to hold the journal?"""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.clock import SystemChance
from kiosk.commands.common import Refusal
from kiosk.journal.qualification import Folder, QualificationError, Result, write

app = typer.Typer(no_args_is_help=True, help="The disk under the journal.")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SHOWN_EVERY = 10


@app.callback()
def storage() -> None:
    """The disk under the journal."""


@app.command()
def qualify(
    folder: Annotated[Path, typer.Option("--dir", help="An empty folder on the disk to be judged.")],
    acknowledged: Annotated[
        int | None, typer.Option(min=0, help="The last number your terminal showed before the mains were cut.")
    ] = None,
    cuts: Annotated[int, typer.Option(min=1, help="How many mains cuts the disk must stand.")] = 100,
    records: Annotated[int, typer.Option(min=1, help="Stop a round by itself after this many records.")] = 100_000,
) -> None:
    """Writes records until you cut the mains; started again, checks that every acknowledged one is there.

    Run it from a terminal that outlives the kiosk (ssh, serial console): the last number it shows is the proof.
    """
    boot = BOOT_ID.read_text().strip()
    try:
        place = Folder(folder)
        if place.current is not None or acknowledged:
            if acknowledged is None:
                raise Refusal("a round was begun: give --acknowledged, the last number your terminal showed")
            print(_told(place.judge(acknowledged, boot)))
        done = [one for one in place.results if one.cut]
        lost = sum(one.lost for one in place.results)
        print(f"{len(done)} mains cuts so far, {sum(one.acknowledged for one in done)} records, {lost} lost")
        if lost or len(done) >= cuts:
            print("NOT FIT: this disk loses what it has acknowledged" if lost else f"FIT: {len(done)} mains cuts")
            raise typer.Exit(1 if lost else 0)
        _round(place, boot, records)
    except QualificationError as error:
        raise Refusal(str(error)) from error


def _round(place: Folder, boot: str, records: int) -> None:
    """Writes until the mains are cut, Ctrl-C, or enough is enough."""
    one = place.begin(boot, SystemChance())
    disk = place.disk(one)
    print("Cut the mains at any moment, and note the last number. Ctrl-C stops without counting.", flush=True)
    try:
        for number in write(disk, one.id, records):
            if number % SHOWN_EVERY == 0 or number == 1:
                print(number, flush=True)
    except KeyboardInterrupt:
        print("stopped by hand: this round does not count")
    else:
        print(f"{records} records and nobody cut the mains: this round does not count")
    finally:
        disk.close()
    place.forget()


def _told(result: Result) -> str:
    if result.lost:
        return f"LOST: {result.acknowledged} were acknowledged, {result.whole} are there and whole"
    if not result.cut:
        return "the machine did not restart since: this round does not count as a mains cut"
    return f"all {result.acknowledged} acknowledged records are there and whole ({result.whole} in all)"
