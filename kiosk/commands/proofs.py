"""How people at a terminal prove who they are: an id and a key file each on the command line, the PIN typed unseen."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError

from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.client import Client
from kiosk.clock import SystemChance
from kiosk.commands.common import Refusal, ask

T = TypeVar("T")
Request = TypeVar("Request", bound=s.Mandated)

People = Annotated[
    list[str], typer.Option("--person", metavar="ID=KEYFILE", help="Who does it; twice where it takes two.")
]
Reason = Annotated[str, typer.Option(help="Why, never who: it stays in the audit.")]


def do(
    run: Path,
    request: Request,
    people: list[str],
    number: int,
    act: Callable[[Client, Request], Awaitable[T]],
) -> T:
    """What kioskd answers to `request` once these people have typed their PINs and signed it."""
    credentials = [s.Credential.from_file(name, path, secret(f"PIN of {name}")) for name, path in named(people, number)]

    async def proven(kioskd: Client) -> T:
        return await act(kioskd, await s.proven(kioskd, request, credentials))

    return ask(run, proven)


def made(form: type[Request], request_id: str | None = None, /, **fields: object) -> Request:
    """A new request, or one that is tried again under its `request_id`; a field that does not fit is a refusal that
    does not repeat it."""
    try:
        return form.model_validate({"request_id": request_id or SystemChance().token(12).hex(), **fields})
    except ValidationError as error:
        faults = {f"{'.'.join(str(part) for part in one['loc']) or 'request'}: {one['msg']}" for one in error.errors()}
        raise Refusal("; ".join(sorted(faults))) from None


def named(people: list[str], number: int) -> list[tuple[str, Path]]:
    """ID=KEYFILE, taken apart."""
    pairs = [(name, Path(path)) for name, _, path in (one.partition("=") for one in people)]
    if len(pairs) != number or not all(name and path.name for name, path in pairs):
        raise Refusal(f"--person: {number} of ID=KEYFILE are needed")
    return pairs


def secret(what: str, *, again: bool = False) -> str:
    """What is typed and not shown."""
    typed: str = typer.prompt(what, hide_input=True, confirmation_prompt=again)
    return typed


def show_blanks(blanks: m.Blanks) -> None:
    """The ledger's balance in one line."""
    print(", ".join(f"{name} {count}" for name, count in blanks.model_dump().items()))
