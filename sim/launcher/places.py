"""The folders of a simulated kiosk: one that is emptied at each start, and one for its sockets."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

MARK = "simulated-kiosk"
"""The file by which the launcher knows a folder as its own, and in which it holds its lock."""
SOCKET_PATH_MAX = 100
"""A Unix socket's path has 108 bytes, the last of them zero."""
_LONGEST = "mirror.sock"


class PlaceError(Exception):
    """A folder cannot be used; the text says what to do."""


@contextlib.contextmanager
def state_folder(path: Path) -> Iterator[Path]:
    """`path`, empty and locked for this kiosk. What an earlier simulated kiosk left in it is removed first.

    The simulated world begins anew at each start, with a full hopper; a journal that remembers another hopper would
    be a lie. PlaceError if the folder holds anything else, or if another simulated kiosk uses it now.
    """
    mark = path / MARK
    if path.exists() and any(path.iterdir()) and not mark.exists():
        raise PlaceError(f"{path} holds files of something else; give --state an empty folder, or one of its own")
    path.mkdir(parents=True, exist_ok=True)
    with mark.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PlaceError(
                f"another simulated kiosk is running on {path}; stop it, or give --state another folder"
            ) from error
        for old in path.iterdir():
            if old.name != MARK:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        yield path.resolve()


@contextlib.contextmanager
def run_folder(path: Path | None) -> Iterator[Path]:
    """The folder of the sockets: `path`, or a short-named one of its own that is removed at the end."""
    if path is None:
        with tempfile.TemporaryDirectory(prefix="anjungan-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    path = path.resolve()
    if len(str(path / _LONGEST)) > SOCKET_PATH_MAX:
        raise PlaceError(f"{path} is too long a name for sockets; give --run a shorter one")
    path.mkdir(parents=True, exist_ok=True)
    yield path
