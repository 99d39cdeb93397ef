"""`kiosk <command>`: every human entry point. A mistake is one clear line on stderr and exit status 2."""

import sys

import typer

from drivers.contract.errors import DeviceError
from kiosk.api.client import ApiError
from kiosk.api.staff import KeyFileError
from kiosk.biometrics.protocol import ProtocolError
from kiosk.cards.chip import ChipError
from kiosk.cards.personalise.custody import KeysAway
from kiosk.cards.personalise.files import SigningError
from kiosk.cards.personalise.layout import LayoutError
from kiosk.cards.personalise.package import PackageError
from kiosk.cards.personalise.token import TokenError
from kiosk.cards.stranger.passive import NotGenuine
from kiosk.commands import bench, blanks, card, journal, printer, profile, running, staff, status, storage
from kiosk.commands.common import Refusal
from kiosk.devices.profile import ProfileError
from kiosk.journal.database import JournalError

USAGE_ERROR = 2

app = typer.Typer(
    name="kiosk",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The kiosk's firmware.",
)
app.add_typer(running.app)
app.add_typer(status.app)
app.add_typer(profile.app, name="profile")
app.add_typer(journal.app, name="journal")
app.add_typer(storage.app, name="storage")
app.add_typer(card.app, name="card")
app.add_typer(blanks.app, name="blanks")
app.add_typer(blanks.close, name="close")
app.add_typer(printer.app, name="printer")
app.add_typer(staff.app, name="staff")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """The program. A refusal is told without a traceback; a fault in the program keeps its traceback."""
    try:
        app()
    except (Refusal, ProfileError, ProtocolError, DeviceError, JournalError, OSError) as error:
        _tell(str(error))
    except (ChipError, NotGenuine, KeysAway, PackageError, SigningError, LayoutError, TokenError) as error:
        _tell(str(error))
    except KeyFileError as error:
        _tell(str(error))
    except ApiError as error:
        _tell(f"{error}{'' if error.problem else '; is kioskd running? (systemctl status kioskd)'}")
    sys.exit(USAGE_ERROR)


def _tell(text: str) -> None:
    for line in text.splitlines():
        print(f"kiosk: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
