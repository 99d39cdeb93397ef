"""After the decision neither the picture nor the record is to be found in the memory of kioskd or of its helper."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from sim.data import finger_template
from tests.kiosk.test_biometrics_policy import on_the_glass

CHILD = """
import sys
from drivers.contract.fingerprint_scanner import FingerImage
from drivers.fingerprint_scanner.libfprint import Extractor
from kiosk.biometrics.policy import decide
detector = Extractor()
detector.start()
pixels, record = bytearray(256 * 288), bytearray(int(sys.argv[1]))
with open(0, "rb", buffering=0) as inlet:
    for piece in (pixels, record):
        filled = 0
        while filled < len(piece):
            filled += inlet.readinto(memoryview(piece)[filled:])
    print("held", flush=True)
    inlet.read(1)
    matched = decide(FingerImage(256, 288, 500, pixels), [record], detector).matched
    record[:] = bytes(len(record))
    print("matched" if matched else "not matched", flush=True)
    inlet.read(1)
"""
RUN = 48
"""Bytes of a picture or a record in a row that do not come about by chance."""


def found_in(pid: int, what: bytes) -> bool:
    """Whether `what` is anywhere in the writable memory of the process."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights = line.split()[:2]
            if not rights.startswith("rw") or "[vv" in line:
                continue
            start, end = (int(part, 16) for part in where.split("-"))
            memory.seek(start)
            while start < end:
                block = memory.read(min(end - start, 1 << 26))
                if not block:
                    break
                if what in block:
                    return True
                start += len(block)
    return False


def test_no_picture_and_no_record_is_left_in_memory() -> None:
    pixels, record = bytes(on_the_glass("101", 2).pixels), finger_template("101")
    middle = 140 * 256 + 100
    runs = {"picture": pixels[middle : middle + RUN], "record": record[60 : 60 + RUN]}
    converted = np.frombuffer(runs["picture"], np.uint8).astype(np.float32).tobytes()
    assert len(set(runs["picture"])) > 4
    command = [sys.executable, "-c", CHILD, str(len(record))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(pixels + record)
            assert child.stdout.readline() == b"held\n"
            assert all(found_in(child.pid, run) for run in runs.values()), "the search finds what is there"
            child.stdin.write(b"\n")
            assert child.stdout.readline() == b"matched\n"
            helper = int(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text())
            assert found_in(helper, b"FP_VIRTUAL_IMAGE"), "the helper's memory can be searched"
            for name, run in {**runs, "converted": converted}.items():
                assert not found_in(child.pid, run), f"{name} in the deciding process"
                assert not found_in(helper, run), f"{name} in libfprint's helper"
        finally:
            child.stdin.close()
