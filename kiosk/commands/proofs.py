"""How people at a terminal prove who they are: an id and a key file each on the command line, the PIN typed unseen."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from kiosk.api.client import Client
from kiosk.api.staff import Credential, KeyFileError, Mandated, proven
from kiosk.commands.common import Refusal, ask

R = TypeVar("R", bound=Mandated)
T = TypeVar("T")

People = Annotated[
    list[str], typer.Option("--as", metavar="ID=KEYFILE", help="Who does it, once for each person; PINs are asked for.")
]
Why = Annotated[str, typer.Option("--reason", help="Why, never who; it stays in the audit.")]


def do(run: Path, people: list[str], request: R, act: Callable[[Client, R], Awaitable[T]]) -> T:
    """Has everybody prove himself for `request` and sends it."""
    credentials = [_credential(one) for one in people]

    async def asked(kioskd: Client) -> T:
        return await act(kioskd, await proven(kioskd, request, credentials))

    return ask(run, asked)


def _credential(text: str) -> Credential:
    person, separator, path = text.partition("=")
    if not separator or not person or not path:
        raise Refusal(f"--as: {text!r} is not ID=KEYFILE")
    pin = typer.prompt(f"PIN of {person}", hide_input=True, err=True)
    try:
        return Credential.from_file(person, Path(path), pin)
    except KeyFileError as error:
        raise Refusal(f"--as: {error}") from error
