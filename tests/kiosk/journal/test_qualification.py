"""A disk is judged by what it keeps of what it has acknowledged; one that lies is found."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from kiosk.journal.qualification import RECORD, Folder, QualificationError, Round, SyncedFile, record, whole, write
from sim.clock import SeededChance


class Cut:
    """A disk of which one may see what the platter holds once the mains are gone."""

    def __init__(self) -> None:
        self.platter = bytearray()

    def append(self, data: bytes) -> None:
        self.platter += data

    def read(self) -> bytes:
        return bytes(self.platter)

    def mains_cut(self, chance: random.Random) -> None:
        """Honest: everything acknowledged is on the platter; the record under way is torn."""
        self.platter += record("00" * 16, 1)[: chance.randrange(RECORD)]


class Lying(Cut):
    """Acknowledges from a cache of some kilobytes, which the mains cut empties."""

    def __init__(self) -> None:
        super().__init__()
        self._cache = bytearray()

    def append(self, data: bytes) -> None:
        self._cache += data
        if len(self._cache) > 16 * RECORD:
            self.platter += self._cache
            self._cache.clear()

    def mains_cut(self, chance: random.Random) -> None:
        self._cache.clear()


class Garbling(Cut):
    """Keeps all, but what shared an erase block with the last write is not what it was."""

    def mains_cut(self, chance: random.Random) -> None:
        place = chance.randrange(len(self.platter))
        self.platter[place] ^= 0xFF


def rounds(folder: Folder, make: Callable[[], Cut], cuts: int) -> None:
    """Cuts the mains so many times, at random moments; each restart has another boot id."""
    chance = random.Random(5)
    for number in range(cuts):
        disk = make()
        one = folder.begin(f"boot {number}", SeededChance(number))
        acknowledged = list(islice(write(disk, one.id, 1_000), chance.randrange(1, 200)))[-1]
        disk.mains_cut(chance)
        folder.judge(acknowledged, f"boot {number + 1}", disk)


def test_an_honest_disk_stands_a_hundred_cuts(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "q")
    rounds(folder, Cut, 100)
    assert [one.lost for one in folder.results] == [0] * 100
    assert all(one.cut for one in folder.results)


@pytest.mark.parametrize("disk", [Lying, Garbling])
def test_a_disk_that_lies_is_found_in_the_first_cuts(tmp_path: Path, disk: type[Cut]) -> None:
    folder = Folder(tmp_path / "q")
    rounds(folder, disk, 5)
    assert sum(one.lost > 0 for one in folder.results) >= 4


def test_a_round_of_which_nothing_is_left_is_a_loss(tmp_path: Path) -> None:
    """The disk has lost even the note that a round was begun: the technician's number tells."""
    assert Folder(tmp_path / "q").judge(250, "boot 2").lost == 250


def test_it_goes_on_after_a_restart_and_a_killed_program_is_no_mains_cut(tmp_path: Path) -> None:
    one = Folder(tmp_path / "q").begin("boot 1", SeededChance())
    disk = Folder(tmp_path / "q").disk(one)
    assert list(write(disk, one.id, 20)) == list(range(1, 21))
    disk.close()
    again = Folder(tmp_path / "q")
    assert again.current == one
    result = again.judge(20, "boot 1")
    assert (result.whole, result.lost, result.cut) == (20, 0, False)
    assert again.current is None
    assert not list(again.path.glob("*.records")), "records that were judged do not fill the disk"


def test_a_record_is_whole_or_it_is_not(tmp_path: Path) -> None:
    one = Round("ab" * 16, "boot 1")
    data = b"".join(record(one.id, number) for number in range(1, 11))
    assert whole(data, one.id) == 10
    assert whole(data[:-1], one.id) == 9
    assert whole(data[:RECORD] + data[2 * RECORD :], one.id) == 1
    assert whole(data, "cd" * 16) == 0, "an older round's records do not count for this one"


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("precious")
    with pytest.raises(QualificationError, match="holds files of something else"):
        Folder(tmp_path)
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "results.json").write_text("[{")
    with pytest.raises(QualificationError, match="damaged"):
        _ = Folder(tmp_path / "q").results


def test_a_write_is_synced_before_it_is_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fdatasync", synced.append)
    disk = SyncedFile(tmp_path / "records")
    for number in write(disk, "ab" * 16, 3):
        assert len(synced) == number
    disk.close()


def typed(*words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "kiosk.cli", "storage", "qualify", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_writes_until_it_is_cut_off_and_judges_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "q"
    first = typed("--dir", folder)
    assert first.stdout is not None
    shown = [line for line in islice(first.stdout, 12) if line.strip().isdigit()]
    first.kill()
    first.communicate()

    _, complaint = typed("--dir", folder).communicate()
    assert "give --acknowledged" in complaint
    second = typed("--dir", folder, "--acknowledged", shown[-1].strip(), "--records", 5)
    out, _ = second.communicate()
    assert "the machine did not restart since" in out
    assert "0 mains cuts so far" in out
    assert "5 records and nobody cut the mains" in out

    third = typed("--dir", folder, "--acknowledged", 999)
    out, _ = third.communicate()
    assert third.returncode == 1
    assert "NOT FIT" in out


def test_ctrl_c_ends_a_round_without_counting_it(tmp_path: Path) -> None:
    running = typed("--dir", tmp_path / "q")
    assert running.stdout is not None
    running.stdout.readline(), running.stdout.readline(), running.stdout.readline()
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate()
    assert "stopped by hand" in out
    assert Folder(tmp_path / "q").current is None
