"""A real cupsd of our own on loopback, with one raw queue whose backend writes what a printer would get into a file.

CUPS's own `file:` device is of no use here: cupsd 2.4 calls a raw job on it completed without writing anything.
"""

import asyncio
import grp
import os
import pwd
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = shutil.which("cupsd") or shutil.which("cupsd", path="/usr/sbin:/sbin")
QUEUE = "card"

FILES = """ServerRoot {home}
ServerBin {home}/bin
RequestRoot {home}/spool
CacheDir {home}/cache
StateDir {home}/state
TempDir {home}/spool
AccessLog {home}/access
ErrorLog {home}/error
PageLog {home}/page
User {user}
Group {group}
SystemGroup {own}
"""
SERVER = """Listen 127.0.0.1:{port}
Listen {home}/socket
Browsing Off
DefaultAuthType None
LogLevel info
PreserveJobHistory Yes
<Policy default>
  JobPrivateAccess all
  JobPrivateValues none
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
<Location />
  Order deny,allow
</Location>
"""
BACKEND = """#!/bin/sh
# A CUPS backend, backend(7): job user title copies options [file]. What a printer would get goes into a file; without
# arguments it is asked which devices there are.
[ $# -ge 5 ] || exit 0
cat ${{6:+"$6"}} >"{paper}"
"""
PRINTERS = """<Printer {queue}>
Info card
DeviceURI store:{paper}
State {state}
StateMessage {message}
Accepting Yes
Shared No
</Printer>
"""


@dataclass(frozen=True, slots=True)
class Cups:
    port: int
    paper: Path
    """What the printer would have got of the newest job."""


def needed() -> None:
    """Skips with the reason where there is no cupsd; on CI there is one, or the test fails."""
    if PROGRAM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("cupsd is not installed (Debian package cups-daemon)")
        pytest.skip("cupsd is not installed (Debian package cups-daemon)")


@asynccontextmanager
async def cupsd(folder: Path, *, stopped: str = "") -> AsyncIterator[Cups]:
    """`folder`: a short path of our own. `stopped`: the queue is stopped, with this message."""
    needed()
    assert PROGRAM is not None
    folder.chmod(0o755)
    for name in ("spool", "cache", "state"):
        (folder / name).mkdir(mode=0o777)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    account = pwd.getpwnam("lp") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    paper = folder / "paper"
    words = {
        "home": folder, "port": port, "user": account.pw_name, "group": "lp" if os.geteuid() == 0 else "nogroup",
        "own": grp.getgrgid(os.getegid()).gr_name,
        "queue": QUEUE, "paper": paper, "state": "Stopped" if stopped else "Idle", "message": stopped,
    }  # fmt: skip
    (folder / "bin" / "backend").mkdir(parents=True)
    (folder / "bin" / "daemon").symlink_to("/usr/lib/cups/daemon")
    backend = folder / "bin" / "backend" / "store"
    backend.write_text(BACKEND.format(**words))
    backend.chmod(0o700)  # so that it runs with the rights of cupsd itself, and may write here
    (folder / "cups-files.conf").write_text(FILES.format(**words))
    (folder / "cupsd.conf").write_text(SERVER.format(**words))
    (folder / "printers.conf").write_text(PRINTERS.format(**words))
    command = (PROGRAM, "-f", "-c", str(folder / "cupsd.conf"), "-s", str(folder / "cups-files.conf"))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):
                assert process.returncode is None, (folder / "error").read_text()
                await asyncio.sleep(0.05)
        yield Cups(port, paper)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
