"""What several commands share: their options, a refusal, a question to the running kioskd."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from kiosk.api.client import Client

T = TypeVar("T")

ProfileName = Annotated[
    str, typer.Option("--profile", envvar="ANJUNGAN_PROFILE", help="Name in hw_profiles/, or a path.")
]
StateDir = Annotated[Path, typer.Option("--state", envvar="ANJUNGAN_STATE", help="Where the journal lives.")]
RunDir = Annotated[Path, typer.Option("--run", envvar="ANJUNGAN_RUN", help="Where the sockets live.")]
STATE = Path("/var/lib/anjungan")
RUN = Path("/run/anjungan")
SOCKET = "kioskd.sock"


class Refusal(Exception):
    """A command cannot be done; the text is for the person who typed it."""


def ask(run: Path, question: Callable[[Client], Awaitable[T]]) -> T:
    """What the running kioskd answers. ApiError if it refuses or does not run."""

    async def asked() -> T:
        async with Client(run / SOCKET) as kioskd:
            return await question(kioskd)

    return asyncio.run(asked())
