"""`kiosk profile ...`: which driver sits in which slot."""

from typing import Annotated

import tomli_w
import typer

from kiosk.devices.loading import load
from kiosk.devices.machine import build

app = typer.Typer(no_args_is_help=True, help="Hardware profiles: which driver sits in which slot.")


@app.command(name="show")
def profile_show(
    name: Annotated[str, typer.Argument(help="Name in hw_profiles/, or a path.")],
    changes: Annotated[bool, typer.Option("--changes", help="Only what differs from its base.")] = False,
) -> None:
    """Prints the effective profile as TOML: base merged, defaults filled in."""
    profile = load(name)
    print(tomli_w.dumps(profile.changes() if changes else profile.effective()), end="")


@app.command(name="check")
def profile_check(names: Annotated[list[str], typer.Argument(help="Names or paths.")]) -> None:
    """Checks profiles: every key, every driver's options, every transport. Opens no device."""
    for name in names:
        profile = load(name)
        build(profile)
        slots = ", ".join(f"{slot}={at.driver}" for slot, at in profile.slots.filled().items())
        print(f"{profile.source}: good ({slots})")
