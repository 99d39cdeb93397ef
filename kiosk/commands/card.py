"""`kiosk card ...`: card faces and chips, for a technician at a bench."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, UnidentifiedImageError

from drivers.contract.card_printer import FACE_SIZE
from kiosk.cards.stranger.reader import Access, Content
from kiosk.commands import card_reader
from kiosk.commands.common import ProfileName, Refusal
from kiosk.devices.loading import load

app = typer.Typer(no_args_is_help=True, help="Card faces and card jobs.")


@app.command(name="render")
def card_render(
    front: Annotated[Path, typer.Option(help=f"Artwork, {FACE_SIZE[0]}x{FACE_SIZE[1]} pixels.")],
    out: Annotated[Path, typer.Option(help="File for the bytes of the job.")],
    back: Annotated[Path | None, typer.Option(help="Artwork of the other side.")] = None,
    model: Annotated[str, typer.Option(help="Card printer.")] = "evolis-primacy2",
) -> None:
    """Writes the exact bytes that the card printer's driver would send for this artwork."""
    from drivers.card_printer.evolis.job import render_job

    if model != "evolis-primacy2":
        raise Refusal(f"--model: {model!r} is not known; there is: evolis-primacy2")
    faces = [_face(option, path) for option, path in (("--front", front), ("--back", back)) if path is not None]
    job = render_job(faces[0], back=faces[1] if back else None)
    out.write_bytes(job)
    print(f"{out}: {len(job)} bytes")


def _face(option: str, path: Path) -> Image.Image:
    """The artwork in `path`. Refusal if it is no picture of a card's size."""
    try:
        with Image.open(path) as picture:
            face: Image.Image = picture.convert("RGB")
    except UnidentifiedImageError as error:
        raise Refusal(f"{option}: {path} is no picture") from error
    if face.size != FACE_SIZE:
        wanted = f"{FACE_SIZE[0]}x{FACE_SIZE[1]}"
        raise Refusal(f"{option}: {path} is {face.width}x{face.height} pixels; a card face is {wanted}")
    return face


ReaderName = Annotated[str, typer.Option("--reader", help="PC/SC reader: its name, or how that begins.")]
Zone = Annotated[
    tuple[str, str, str] | None,
    typer.Option("--mrz", help="The three printed lines. Without them: the specimen person's."),
]
Pace = Annotated[bool, typer.Option("--pace", help="Open the chip with PACE instead of BAC.")]


@app.command(name="personalise")
def card_personalise(reader: ReaderName, profile: ProfileName = "laptop-sim") -> None:
    """Writes the specimen person to a blank card, reads it back as a stranger would, and ends its production."""
    digest = asyncio.run(card_reader.personalise(load(profile), reader))
    print(f"personalised, verified, secured: {digest.hex()}")


@app.command(name="verify")
def card_verify(reader: ReaderName, profile: ProfileName = "laptop-sim", mrz: Zone = None, pace: Pace = False) -> None:
    """Checks with the printed lines that a card is genuine: signature, every hash, and that it is no copy."""
    content = _read_card(reader, profile, mrz, pace=pace)
    unread = "".join(f", DG{number} not shown to strangers" for number in sorted(content.unread))
    groups = ", ".join(f"DG{number}" for number in sorted(content.groups))
    print(f"genuine: {groups}{unread}; {'no copy' if content.original else 'copies cannot be told'}")


@app.command(name="read")
def card_read(
    reader: ReaderName,
    out: Annotated[Path, typer.Option(help="Folder for the files, one each.")],
    profile: ProfileName = "laptop-sim",
    mrz: Zone = None,
    pace: Pace = False,
) -> None:
    """Saves every file that a stranger with the printed lines may read, once they are proven genuine."""
    content = _read_card(reader, profile, mrz, pace=pace)
    card_reader.save(content, out)
    print(f"{out}: {len(content.files)} files, {sum(map(len, content.files.values()))} bytes")


def _read_card(name: str, profile: str, mrz: tuple[str, str, str] | None, *, pace: bool) -> Content:
    lines = mrz or card_reader.printed()
    if [len(line) for line in lines] != [30, 30, 30]:
        raise Refusal("--mrz: three lines of 30 characters, as they are printed")
    return asyncio.run(card_reader.read(load(profile), name, lines, Access.PACE if pace else Access.BAC))
