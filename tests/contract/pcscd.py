"""A private pcscd with vsmartcard's virtual reader, run by an ordinary user on a socket and a port of its own.

pcscd takes the listening socket from its parent as systemd would give it (LISTEN_FDS), so it needs no root and touches
no system directory; clients find it by PCSCLITE_CSOCK_NAME. That name is read once per process by libpcsclite, so one
process can know only one such pcscd: `private_pcscd` therefore gives the same one, stopped and started at will.
"""

import atexit
import contextlib
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
RUN = Path("/run/pcscd")
READER = "Virtual PCD 00 00"
PORTS = range(12_000, 32_000)
# sh puts its own pid, which exec keeps, where the daemon looks for it (sd_listen_fds(3)).
LAUNCH = 'exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'


class Pcscd:
    """`port`: where vpcd waits for its card. `start` and `stop` may be repeated."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "pcscd.comm"
        self.port = _free_pair()
        self._process: subprocess.Popen[bytes] | None = None
        conf = home / "reader.conf.d"
        conf.mkdir()
        (conf / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{self.port:04X}\n'
            f"LIBPATH {DRIVER}\nCHANNELID 0x{self.port:04X}\n"
        )
        self._command = ["pcscd", "--foreground", "--config", str(conf)]
        if "--disable-polkit" in _help():
            self._command.append("--disable-polkit")

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.socket))
            listening.listen()
            self.socket.chmod(0o777)
            command = ["sh", "-c", LAUNCH, "pcscd", *self._command]
            if os.geteuid() == 0:  # as root, another pcscd's pid file gets in the way
                nobody = pwd.getpwnam("nobody")
                drop = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
                command = [*drop, *command]
            self._process = subprocess.Popen(
                command, stdin=listening.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def private_pcscd() -> Iterator[Pcscd]:
    """The process's own pcscd, running. Skips where it is not installed, unless CI says that it must be."""
    missing = lacking()
    if missing:
        reason = f"missing: {', '.join(missing)} (Debian: pcscd, vsmartcard-vpcd)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    daemon = _only()
    os.environ["PCSCLITE_CSOCK_NAME"] = str(daemon.socket)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


def lacking() -> list[str]:
    """What has to be installed before a private pcscd can run; empty if it can."""
    missing = [what for what in ("pcscd", "setpriv") if shutil.which(what, path=_path()) is None]
    if not DRIVER.exists():
        missing.append(str(DRIVER))
    if not RUN.exists():  # pcscd insists on it, even where it may not write there; systemd or its package makes it
        if os.geteuid() == 0:
            RUN.mkdir()
        else:
            missing.append(str(RUN))
    return missing


@functools.cache
def _only() -> Pcscd:
    home = Path(tempfile.mkdtemp(prefix="anjungan-pcscd-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    home.chmod(0o755)
    return Pcscd(home)


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _help() -> str:
    found = subprocess.run(["pcscd", "--help"], capture_output=True, text=True, check=False, env={"PATH": _path()})
    return found.stdout + found.stderr


def _free_pair() -> int:
    """A port whose successor is free too: vpcd takes one for each of its two slots. Below those that the kernel gives
    to clients, and each process begins its search elsewhere: between this look and pcscd's own bind nobody takes it."""
    for at in range(len(PORTS) // 2):
        port = PORTS[(2 * (os.getpid() + at)) % len(PORTS)]
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("", port))
            second.bind(("", port + 1))
            return port
    raise OSError(f"no two free ports in {PORTS}")
