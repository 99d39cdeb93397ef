"""A disk that loses its power, under real SQLite: a file system in memory, spoken to through APSW's VFS.

What is written is only promised once it is synced. When the power goes, each piece of an unsynced write that lies in
one 512-byte sector has arrived, has not, or is garbage, each by itself; a new size, a new name and a removed name have
arrived or not. So do SQLite's own crash tests (sqlite.org/testing.html, section 4.2). Two things are taken for granted:
bytes beside those written stay as they are (SQLITE_IOCAP_POWERSAFE_OVERWRITE, as SQLite's unix VFS says of disks), and
a sync of any file also writes down the names removed before it, as a journalling file system (ext4) does.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, pairwise
from typing import Any

import apsw

SECTOR = 512
GARBLED = 0.03
"""The share of unsynced pieces that become garbage."""
_NAMES = count(1)


class PowerCut(Exception):
    """The disk does nothing any more."""


class Loss(StrEnum):
    """What becomes of unsynced data at the cut."""

    DROPPED = "dropped"
    KEPT = "kept"
    MIXED = "mixed"
    """Each piece by itself: dropped, kept, or garbage."""


@dataclass(frozen=True, slots=True)
class Op:
    """One call that changes the disk. `kind`: write, truncate, sync, delete."""

    kind: str
    name: str
    at: int = 0
    """Offset of a write, size of a truncation, 1 for a deletion that syncs its folder."""
    data: bytes = b""


class _File:
    """`stored` survives the power, None: there is no such name. `seen` is what programs read, None: deleted: it is
    always `stored` with what is `unsynced` done to it."""

    def __init__(self, stored: bytes | None) -> None:
        self.stored = None if stored is None else bytearray(stored)
        self.seen: bytearray | None = None if stored is None else bytearray(stored)
        self.unsynced: list[Op] = []

    def do(self, op: Op, *, lying: bool) -> None:
        if op.kind == "sync":
            if not lying:
                for done in self.unsynced:
                    self.stored = _applied(self.stored, done)
                self.unsynced = []
            return
        self.seen = _applied(self.seen, op)
        self.unsynced.append(op)
        if op.kind == "delete" and op.at and not lying:
            self.forget()

    def forget(self) -> None:
        """The removal of the name is on the disk."""
        removed = [number for number, op in enumerate(self.unsynced) if op.kind == "delete"]
        if removed:
            self.stored, self.unsynced = None, self.unsynced[removed[-1] + 1 :]

    def left(self, loss: Loss, chance: random.Random) -> bytes | None:
        """What is there when the power is back."""
        if loss is Loss.KEPT:
            return None if self.seen is None else bytes(self.seen)
        if loss is Loss.DROPPED or not self.unsynced:
            return None if self.stored is None else bytes(self.stored)
        left = None if self.stored is None else bytearray(self.stored)
        for op in self.unsynced:
            if op.kind == "write":
                for piece in _pieces(op):
                    fate = chance.random()
                    if fate < GARBLED:
                        left = _applied(left, Op("write", op.name, piece.at, chance.randbytes(len(piece.data))))
                    elif fate < (1 + GARBLED) / 2:
                        left = _applied(left, piece)
            elif chance.random() < 0.5:
                left = _applied(left, op)
            elif op.kind == "delete":
                break  # the old file is still there, and what was written after went to a new one of that name
        return None if left is None else bytes(left)


def _pieces(op: Op) -> list[Op]:
    """The write, cut where sectors begin."""
    start, end = op.at, op.at + len(op.data)
    edges = [start, *range((start // SECTOR + 1) * SECTOR, end, SECTOR), end]
    return [Op("write", op.name, a, op.data[a - start : b - start]) for a, b in pairwise(edges)]


def _applied(content: bytearray | None, op: Op) -> bytearray | None:
    if op.kind == "delete":
        return None
    whole = bytearray() if content is None else content
    if op.kind == "truncate":
        whole[op.at :] = bytes(max(0, op.at - len(whole)))
        return whole
    if len(whole) < op.at:
        whole.extend(bytes(op.at - len(whole)))
    whole[op.at : op.at + len(op.data)] = op.data
    return whole


class Disk:
    """`reached` hears of every call that changes the disk, before it does anything; when it has called `cut`, that call
    and all later ones of the same life end in PowerCut. `lying`: a sync returns at once and does nothing."""

    def __init__(self, files: Mapping[str, bytes] | None = None, *, lying: bool = False) -> None:
        self._files = {name: _File(content) for name, content in (files or {}).items()}
        self._lying = lying
        self.life = 0
        self.dark = False
        self.reached: Callable[[str], None] = lambda kind: None
        self.record: list[Op] | None = None
        """Every call so far, if it is to be written down."""
        self.syncs = 0
        self.bytes_written = 0
        self.vfs = f"crash-disk-{next(_NAMES)}"
        self._bound = _Vfs(self)

    def do(self, op: Op) -> None:
        """One call: counted, perhaps the last, then done."""
        if not self.dark:
            self.reached(op.kind)
        if self.dark:
            raise PowerCut
        if self.record is not None:
            self.record.append(op)
        self.replay(op)

    def replay(self, op: Op) -> None:
        """The call as once recorded."""
        self.syncs += op.kind == "sync"
        self.bytes_written += len(op.data)
        self._files.setdefault(op.name, _File(None)).do(op, lying=self._lying)
        if op.kind == "sync" and not self._lying:
            for file in self._files.values():
                file.forget()

    def read(self, name: str) -> bytearray | None:
        file = self._files.get(name)
        return None if file is None else file.seen

    def left(self, loss: Loss, chance: random.Random) -> dict[str, bytes]:
        """The files as they are found when the power is back after a cut at this instant; nothing here changes."""
        found = {name: file.left(loss, chance) for name, file in sorted(self._files.items())}
        return {name: content for name, content in found.items() if content is not None}

    def cut(self) -> None:
        """From here on no call of this life does anything."""
        self.dark = True

    def come_back(self, loss: Loss | None, chance: random.Random) -> None:
        """A new life. `loss` None: the program alone had died, and what it wrote is still in the system's memory."""
        if loss is not None:
            self._files = {name: _File(content) for name, content in self.left(loss, chance).items()}
        self.life += 1
        self.dark = False


class _Vfs(apsw.VFS):
    """SQLite's way to this disk. The types are SQLite's C names."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.vfs, base="")
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        return _Handle(self._disk, text) if text else _Scratch()

    def xDelete(self, name: str, sync_folder: bool) -> None:
        self._disk.do(Op("delete", name, int(sync_folder)))

    def xAccess(self, name: str, flags: int) -> bool:
        return self._disk.read(name) is not None

    def xFullPathname(self, name: str) -> str:
        return name


class _Held:
    """Locks and properties of every open file: one process, one connection."""

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self) -> None:
        pass


class _Handle(_Held):
    """An open file of one life of the program."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._name = name
        self._life = disk.life

    def _do(self, kind: str, at: int = 0, data: bytes = b"") -> None:
        if self._life != self._disk.life:
            raise PowerCut
        self._disk.do(Op(kind, self._name, at, data))

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes((self._disk.read(self._name) or b"")[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._do("write", offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._do("truncate", size)

    def xSync(self, flags: int) -> None:
        self._do("sync")

    def xFileSize(self) -> int:
        return len(self._disk.read(self._name) or b"")


class _Scratch(_Held):
    """A temporary file without a name, which no cut can hurt."""

    def __init__(self) -> None:
        self._content = bytearray()

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        _applied(self._content, Op("write", "", offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        _applied(self._content, Op("truncate", "", size))

    def xSync(self, flags: int) -> None:
        pass

    def xFileSize(self) -> int:
        return len(self._content)
