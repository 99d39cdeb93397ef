"""`kiosk staff ...` as people type it, against the real kioskd rooms on a socket."""

import asyncio
import base64
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from typer.testing import CliRunner

from kiosk.api.staff import Credential, KeyFileError
from kiosk.cli import app
from kiosk.commands.common import SOCKET
from kiosk.journal import doubt
from kiosk.station.app import create_app
from kiosk.station.logring import LogRing
from sim.office.house import House
from sim.workbench.staff import first_day


@contextlib.asynccontextmanager
async def kioskd(folder: Path) -> AsyncIterator[House]:
    """A running kioskd whose people have set their PINs, all but the first, with their key files in `folder`."""
    house = House(folder)
    await house.boot()
    desk = house.station.staff.people
    await desk.accept(house.centre.roster)
    await first_day(desk, house.centre.staff[1:])
    for one in house.centre.staff:
        text = one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{one.id}.pem").write_bytes(text)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / SOCKET))
    listener.listen()  # the first command may be there before the server is
    server = uvicorn.Server(uvicorn.Config(create_app(house.station, LogRing()), log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield house
    finally:
        server.should_exit = True
        await serving
        await house.die()


async def typed(*words: str, pins: str = "") -> tuple[int, str]:
    """Exit status, and everything that was shown. `pins`: what is typed, blank separated."""
    keys = "".join(f"{pin}\n" for pin in pins.split())
    words = words if words[0] in ("blanks", "close", "journal") else ("staff", *words)
    done = await asyncio.to_thread(CliRunner().invoke, app, words, keys)
    refusal = "" if isinstance(done.exception, SystemExit) else str(done.exception or "")
    return done.exit_code, done.output + refusal


@pytest.mark.wall
async def test_a_day_of_commands(tmp_path: Path) -> None:
    run = ("--run", str(tmp_path))

    def person(name: str) -> tuple[str, str]:
        return "--person", f"{name}={tmp_path / name}.pem"

    async with kioskd(tmp_path) as house:
        pin = {one.id: one.pin for one in house.centre.staff}
        first, two = person("OFFICER-1"), (*person("OFFICER-1"), *person("OFFICER-2"))
        both = f"{pin['OFFICER-1']} {pin['OFFICER-2']}"

        status, shown = await typed("blanks", "load", "7", "--delivery", "SJ-1", *two, *run, pins=both)
        assert (status, "has not set a PIN yet" in shown) == (1, True)
        status, shown = await typed("pin", *first, *run, pins="123456 123456")
        assert (status, "first that anybody would try" in shown) == (1, True)
        status, shown = await typed("pin", *first, *run, pins=f"{pin['OFFICER-1']} {pin['OFFICER-1']}")
        assert (status, "OFFICER-1: PIN set" in shown) == (0, True)

        status, shown = await typed("blanks", "load", "7", "--delivery", "SJ-1", *two, *run, pins=both)
        assert (status, "hopper 7" in shown) == (0, True)
        status, shown = await typed("blanks", "unload", "3", *two, *run, pins=both)
        assert (status, "hopper 4" in shown, "vault 3" in shown) == (0, True, True)
        status, shown = await typed(
            "blanks", "load", "7", "--delivery", "SJ-1", *two, *run, pins=f"908172 {pin['OFFICER-2']}"
        )
        assert (status, "wrong PIN for OFFICER-1; 4 tries left" in shown) == (1, True)
        status, shown = await typed("blanks", "load", "7", "--delivery", "SJ-1", *first, *run)
        assert (status, "2 of ID=KEYFILE" in shown) == (1, True)
        status, shown = await typed("blanks", "load", "9999", *two, *run)
        assert (status, "less than or equal to 500" in shown) == (1, True)

        today = house.clock.now().astimezone(ZoneInfo(house.profile.office.timezone))
        day = ("--day", f"{today:%Y-%m-%d}", *run)
        status, shown = await typed("digest", *person("SUPERVISOR-1"), *day, pins=pin["SUPERVISOR-1"])
        assert (status, "OFFICER-2" in shown) == (0, True)
        assert "OFFICER-1: loads 1, unloads 1, other 1, wrong pins 1" in shown
        status, shown = await typed("digest", *person("OFFICER-2"), *day, pins=pin["OFFICER-2"])
        assert (status, "it is for auditor or supervisor" in shown) == (1, True)

        # The same officers receive, load from the vault, and close the day; what the books do not have is refused.
        status, shown = await typed("blanks", "receive", "50", "--note", "SJ-2", *two, *run, pins=both)
        assert (status, "vault 53" in shown) == (0, True)
        status, shown = await typed("blanks", "load", "54", *two, *run, pins=both)
        assert (status, "53 blanks in the vault, not 54" in shown) == (1, True)
        found = ("--reason", "looked under the shelf")
        status, shown = await typed("blanks", "case", "open", "missing", "vault", "2", *found, *two, *run, pins=both)
        assert (status, "missing" in shown, "looked under" in shown) == (0, True, True)
        status, shown = await typed("blanks", "case", "found", "1", "1", "vault", *found, *two, *run, pins=both)
        assert status == 0
        led = (*person("SUPERVISOR-1"), *person("OFFICER-1"))
        pins = f"{pin['SUPERVISOR-1']} {pin['OFFICER-1']}"
        given_up = ("blanks", "case", "write-off", "1", "--minutes", "BA-3", *found, *run)
        status, shown = await typed(*given_up, *two, pins=both)
        assert (status, "needs a supervisor" in shown) == (1, True)
        status, shown = await typed(*given_up, *led, pins=pins)
        assert (status, "BA-3" in shown) == (0, True)
        destroy = (
            "blanks",
            "destroy",
            "1",
            "--minutes",
            "BA-4",
            "--witness",
            "SATPOL-7",
            "--witness",
            "INSP-3",
            *found,
        )
        status, shown = await typed(*destroy, *led, *run, pins=pins)
        assert (status, "1 counted, the books have 0" in shown) == (1, True)
        status, shown = await typed("blanks", "show", *run)
        assert (status, "52" in shown, "No case." in shown) == (0, True, True)
        house.world.load_blanks(4)
        close = ("close", "day", "--hopper", "4", "--bin", "0", *two, *run)
        status, shown = await typed(*close, pins=both)
        assert (status, "52 blanks at vault; count them too" in shown) == (1, True)
        status, shown = await typed(*close, "--vault", "51", "--request", "evening-1", pins=both)
        assert (status, "missing" in shown) == (0, True)
        assert "TUTUP HARI" in house.world.slip_texts[-1]
        status, shown = await typed(*close, "--vault", "51", "--day", "tomorrow", pins=both)
        assert (status, "is not a date" in shown) == (1, True)
        status, shown = await typed(*close, "--vault", "51", pins=both)
        assert (status, "a day is closed once" in shown) == (1, True)

        assert "no card is being looked for" in (await typed("unknown", *run))[1]
        new = tmp_path / "new.jws"
        new.write_text(house.centre.employ(house.centre.staff[:2]))
        status, shown = await typed("roster", str(new), *run)
        assert (status, "OFFICER-1" in shown, "SUPERVISOR-1" in shown) == (0, True, False)
        assert (await typed("people", *run)) == (0, shown)


@pytest.mark.wall
async def test_a_journal_is_accepted_and_verified_as_what_it_is(tmp_path: Path) -> None:
    run = ("--run", str(tmp_path))
    who = [part for name in ("OFFICER-2", "SUPERVISOR-1") for part in ("--person", f"{name}={tmp_path / name}.pem")]
    async with kioskd(tmp_path) as house:
        pins = " ".join(
            next(one.pin for one in house.centre.staff if one.id == name) for name in ("OFFICER-2", "SUPERVISOR-1")
        )
        accept = ("journal", "accept", "--minutes", "BA-2026-7", "--reason", "copy of monday put back", *who, *run)
        status, shown = await typed(*accept, "--hopper", "0", "--bin", "0", pins=pins)
        assert (status, "there is nothing to accept" in shown) == (1, True)

        await house.journal.write(lambda tx: doubt.found(tx, doubt.Doubt.DAMAGED, "record 3: was altered"))
        status, shown = await typed(*accept, "--hopper", "2", "--bin", "0", pins=pins)
        assert status == 0, shown
        assert "journal_damaged" in shown
        assert "0 card jobs entered on the centre's word, 1 cases open" in shown
        status, shown = await typed("journal", "verify", *run)
        assert status == 0
        assert "accepted break at " in shown
        assert "by OFFICER-2 and SUPERVISOR-1, minutes BA-2026-7 (journal_damaged)" in shown
        assert "the chain holds but for what was accepted" in shown
        house.journal.write_now(lambda tx: None)
    status, shown = await typed("journal", "verify", "--state", str(tmp_path), *run)
    assert (status, "the chain holds but for what was accepted" in shown) == (0, True), "also when kioskd is off"


def test_a_new_key_file_is_the_persons_alone_and_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    command = [sys.executable, "-m", "kiosk.cli", "staff", "key", "--out", str(file)]
    shown = subprocess.run(command, capture_output=True, check=True).stdout
    assert file.stat().st_mode & 0o077 == 0
    private = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    assert base64.b64decode(shown) == private.public_key().public_bytes_raw()
    before = file.read_bytes()
    again = subprocess.run(command, capture_output=True, check=False)
    assert (again.returncode, again.stdout, file.read_bytes()) == (2, b"", before)


def test_what_is_no_key_file_is_told_without_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    for content in (b"", b"secret", b"-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n"):
        file.write_bytes(content)
        with pytest.raises(KeyFileError, match=r"key\.pem: no key that can be used \(ValueError\)"):
            Credential.from_file("ANI", file, "")
    with pytest.raises(KeyFileError, match="FileNotFoundError"):
        Credential.from_file("ANI", tmp_path / "none.pem", "")
