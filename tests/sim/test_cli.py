"""`python -m sim` as somebody uses it who has a program of his own to try against a device."""

import contextlib
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
import zxingcpp
from PIL import Image

from tests.golden.escpos import golden

SIM = (sys.executable, "-m", "sim")
PATIENCE = 60.0


def refused(*words: str) -> str:
    """The one line with which these words are refused."""
    done = subprocess.run([*SIM, *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


class Program:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        """The next line it prints."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], "it says nothing"
        return self.process.stdout.readline().rstrip("\n")


@contextlib.contextmanager
def running(*words: str, end: signal.Signals = signal.SIGTERM) -> Iterator[Program]:
    """The program while it runs; it must end cleanly when told to."""
    process = subprocess.Popen([*SIM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    try:
        yield Program(process)
        process.send_signal(end)
        _, complaints = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaints) == (0, "")
    finally:
        process.kill()
        process.wait()


def port_of(line: str) -> int:
    found = re.search(r":(\d+)$", line)
    assert found
    return int(found[1])


def test_the_list_names_every_device_its_seams_and_faults() -> None:
    done = subprocess.run([*SIM, "list"], capture_output=True, text=True, timeout=PATIENCE, check=True)
    for device in (
        "thermal-printer",
        "card-printer",
        "card-printer-ipp",
        "fingerprint-scanner",
        "ticket-dispenser",
        "ticket-dispenser-serial",
        "card",
    ):
        assert re.search(rf"^{device} +--", done.stdout, re.MULTILINE)
    assert "paper-out-mid" in done.stdout


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_printer_on_the_network_leaves_its_slips_as_pictures_and_text(tmp_path: Path, end: signal.Signals) -> None:
    out = tmp_path / "new" / "out"
    with running("thermal-printer", "--tcp", "127.0.0.1:0", "--out", str(out), "--pace", "0.1", end=end) as printer:
        port = port_of(printer.line())
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            line.sendall(golden("ticket"))
            assert printer.line() == str(out / "slip-001.png")
    assert (out / "slip-001.txt").read_text(encoding="utf-8").startswith("Kantor Contoh\nA-017\n")
    with Image.open(out / "slip-001.png") as picture:
        assert [code.text for code in zxingcpp.read_barcodes(picture)] == ["ANJ1-017"]


def test_a_printer_on_a_serial_port_with_the_paper_out(tmp_path: Path) -> None:
    link = tmp_path / "ttyPRINTER"
    with running("thermal-printer", "--pty", str(link), "--fault", "paper-out", "--fault", "cover-open") as printer:
        assert printer.line() == f"thermal-printer on {link}"
        with serial.Serial(str(link), 19200, timeout=PATIENCE) as line:
            line.write(b"\x10\x04\x02\x10\x04\x04")
            assert line.read(2) == bytes.fromhex("36 7e")
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("card-printer", "--tcp", "127.0.0.1:0", "--blanks", "3"), "card-printer on tcp 127.0.0.1:"),
        (("ticket-dispenser", "--tcp", "127.0.0.1:0"), "ticket-dispenser on tcp 127.0.0.1:"),
        (("card", "--vpcd", "127.0.0.1:1"), "card for vpcd at 127.0.0.1:1"),
        (("card", "--vpcd", "127.0.0.1:1", "--chip", "S", "--rate", "424"), "card for vpcd at 127.0.0.1:1"),
    ],
)
def test_every_other_device_starts_and_ends(words: tuple[str, ...], said: str) -> None:
    if words[0] == "card":  # nobody is at that port: the card waits for its reader, and says so on the side
        process = subprocess.Popen([*SIM, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert Program(process).line() == said
        process.terminate()
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        return
    with running(*words) as device:
        assert device.line().startswith(said)


def test_the_scanner_starts_with_a_finger_on_it(tmp_path: Path) -> None:
    finger, link = tmp_path / "finger.png", tmp_path / "ttySCANNER"
    Image.new("L", (256, 288), 255).save(finger)
    with running("fingerprint-scanner", "--pty", str(link), "--finger", str(finger)) as scanner:
        assert scanner.line() == f"fingerprint-scanner on {link}"


def test_what_cannot_be_is_said_in_one_line(tmp_path: Path) -> None:
    assert "no fault 'flood'" in refused("thermal-printer", "--tcp", "127.0.0.1:0", "--fault", "flood")
    assert "expected HOST:PORT" in refused("thermal-printer", "--tcp", "9100")
    assert "one of the arguments --tcp --pty is required" in refused("thermal-printer")
    assert "toaster" in refused("toaster")
    assert "--rate" in refused("card", "--vpcd", "127.0.0.1:1", "--rate", "1000")
    assert "expected more than 0" in refused("card-printer", "--tcp", "127.0.0.1:0", "--pace", "0")
    nobody = str(tmp_path / "nobody.png")
    assert nobody in refused("fingerprint-scanner", "--pty", str(tmp_path / "tty"), "--finger", nobody)
    assert "no-such-folder" in refused("thermal-printer", "--pty", str(tmp_path / "no-such-folder" / "tty"))


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "address already in use" in refused("thermal-printer", "--tcp", f"127.0.0.1:{port}").lower()


def test_a_card_job_sent_by_any_program_is_a_picture_of_the_artwork(tmp_path: Path) -> None:
    """`kiosk card render` writes the bytes, a plain socket carries them, one command a connection."""
    face = Image.linear_gradient("L").resize((1016, 648)).convert("RGB")
    face.paste((0, 0, 0), (50, 60, 500, 120))
    face.save(tmp_path / "front.png")
    render = [sys.executable, "-m", "kiosk.cli", "card", "render", "--front", str(tmp_path / "front.png")]
    subprocess.run([*render, "--out", str(tmp_path / "job")], check=True, timeout=PATIENCE, capture_output=True)
    words = ("card-printer", "--tcp", "127.0.0.1:0", "--out", str(tmp_path / "cards"), "--pace", "0.01")
    with running(*words) as program:
        port = port_of(program.line())
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            line.sendall((tmp_path / "job").read_bytes())
            line.shutdown(socket.SHUT_WR)
            answers = b"".join(iter(lambda: line.recv(4096), b""))
        assert set(answers.split(b"\0")[:-1]) == {b"OK"}
        assert program.line().endswith("card-001.png")
    with Image.open(tmp_path / "cards" / "card-001.png") as printed:
        assert printed.tobytes() == face.tobytes(), "dot for dot"


def test_a_print_server_can_be_started_for_any_ipp_program(tmp_path: Path) -> None:
    with running("card-printer-ipp", "--tcp", "127.0.0.1:0", "--blanks", "2") as program:
        port = port_of(program.line())
        # Get-Printer-Attributes as RFC 8010, section 3 lays it out, by hand.
        ask = b"\x01\x01\x00\x0b\x00\x00\x00\x2a\x01\x47\x00\x12attributes-charset\x00\x05utf-8\x03"
        head = f"POST /printers/card HTTP/1.1\r\nContent-Type: application/ipp\r\nContent-Length: {len(ask)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            line.sendall(head.encode() + ask)
            answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n\x01\x01\x00\x00\x00\x00\x00\x2a" in answer
    assert b"media-low-report" in answer
