"""What every command of staff shares: who does it, each with a key file and a PIN that is typed, and why."""

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

PERSON = typer.Option("--person", metavar="ID=KEYFILE", help="Who does it; twice where it takes two.")
REASON = typer.Option(help="Why, never who: it stays in the audit.")
RequestId = Annotated[
    str | None, typer.Option("--request", help="The id of a try whose answer was lost: it is done once.")
]


def act(
    run: Path,
    request: Request,
    people: list[str],
    number: int,
    asking: Callable[[Client, Request], Awaitable[T]],
) -> T:
    """What kioskd answers to `request` once these people have typed their PINs and signed it."""
    chosen = named(people, number)
    credentials = [s.Credential.from_file(name, path, secret(f"PIN of {name}")) for name, path in chosen]

    async def proven(kioskd: Client) -> T:
        return await asking(kioskd, await s.proven(kioskd, request, credentials))

    return ask(run, proven)


def made(kind: type[Request], /, **fields: object) -> Request:
    """A new request, or with `request_id` one that is tried again; a field that does not fit is a refusal
    that does not repeat it."""
    try:
        return kind.model_validate({"request_id": SystemChance().token(12).hex(), **fields})
    except ValidationError as error:
        faults = {f"{'.'.join(str(part) for part in one['loc']) or 'request'}: {one['msg']}" for one in error.errors()}
        raise Refusal("; ".join(sorted(faults))) from None


def again(request: str | None) -> dict[str, str]:
    """For `made`: the id of the try that is repeated, if it is one."""
    return {} if request is None else {"request_id": request}


def named(people: list[str], number: int) -> list[tuple[str, Path]]:
    """ID=KEYFILE, taken apart."""
    found = [(name, Path(path)) for name, _, path in (one.partition("=") for one in people)]
    if len(found) != number or not all(name and path.name for name, path in found):
        raise Refusal(f"--person: {number} of ID=KEYFILE are needed")
    return found


def secret(what: str, *, again: bool = False) -> str:
    typed: str = typer.prompt(what, hide_input=True, confirmation_prompt=again)
    return typed


def show_blanks(blanks: m.Blanks) -> None:
    """The ledger's balance in one line."""
    print(", ".join(f"{name} {count}" for name, count in blanks.model_dump().items()))
