"""The protocol's figures are those of a contest, and `kiosk bench fingerprint` prints them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from drivers.contract.fingerprint_scanner import FingerImage
from drivers.fingerprint_scanner.libfprint import Extractor
from kiosk.biometrics.extractor import extract
from kiosk.biometrics.matcher import prepare, score
from kiosk.biometrics.protocol import Key, Pairs, ProtocolError, compared, figures, point, read
from kiosk.biometrics.template import Template, encode
from kiosk.commands.bench import app
from sim.data import finger_image, finger_names, finger_template

FINGERS = finger_names()[:3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three specimen fingers, three impressions each."""
    made, detector = tmp_path_factory.mktemp("records"), Extractor()
    for finger in FINGERS:
        for impression in (1, 2, 3):
            with Image.open(finger_image(finger, impression)) as picture:
                image = FingerImage(picture.width, picture.height, 500, bytearray(picture.convert("L").tobytes()))
            (made / f"DB_SPECIMEN_{finger}_{impression}.fmr").write_bytes(encode(extract(image, detector)))
    detector.stop()
    return made


def test_every_pair_is_met_once_and_in_order(folder: Path) -> None:
    records = read(folder)
    assert list(records) == [Key("DB_SPECIMEN", finger, str(n)) for finger in FINGERS for n in (1, 2, 3)]
    ready = {key: prepare(record) for key, record in records.items()}
    pairs = compared(ready, ready, "DB_SPECIMEN")
    assert (len(pairs.genuine), len(pairs.impostor)) == (9, 27)
    first, second = list(records.values())[:2]
    assert pairs.genuine[0] == pytest.approx(score(first, second), rel=1e-4)


def test_the_rates_are_counted_as_the_standard_says() -> None:
    genuine = np.arange(101.0, 201.0)  # 100 pairs
    impostor = np.arange(1.0, 1001.0) / 8  # 1,000 pairs, the highest 125
    pairs = Pairs(genuine, impostor)
    assert tuple(point(pairs, 0.0)) == pytest.approx((125.0, 0.25)), "no impostor at or above; 101 to 125 are below"
    assert tuple(point(pairs, 0.001)) == pytest.approx((124.875, 0.24)), "one impostor may pass"
    assert tuple(point(pairs, 0.01)) == pytest.approx((123.75, 0.23))
    assert tuple(point(pairs, 1.0)) == (0.0, 0.0)
    found = figures("x", pairs)
    assert found.eer == pytest.approx(0.10, abs=0.02)
    assert figures("apart", Pairs(genuine, impostor / 10)).eer == 0


def test_the_command_prints_the_figures_and_draws_the_curve(folder: Path, tmp_path: Path) -> None:
    out, curve = tmp_path / "figures.json", tmp_path / "curve.png"
    arguments = ["fingerprint", "--probe", str(folder), "--reference", str(folder), "--json", str(out)]
    result = CliRunner().invoke(app, [*arguments, "--det", str(curve)], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    assert "DB_SPECIMEN" in result.output
    assert "matches/s" in result.output
    said = json.loads(out.read_text())
    assert said["pooled"]["genuine"] == 9
    assert said["pooled"]["eer"] == 0, "the specimens are easy"
    assert set(said["pooled"]["fnmr_01"]) == {"threshold", "fnmr"}
    assert said["times"]["matches_per_second"] > 0
    with Image.open(curve) as picture:
        assert len(picture.convert("RGB").getcolors(1 << 16) or []) > 3


def test_a_folder_that_will_not_do_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="no records"):
        read(tmp_path)
    (tmp_path / "nameless.fmr").write_bytes(b"")
    with pytest.raises(ProtocolError, match="SET_FINGER_IMPRESSION"):
        read(tmp_path)
    (tmp_path / "nameless.fmr").rename(tmp_path / "A_1_1.fmr")
    with pytest.raises(ProtocolError, match=r"A_1_1\.fmr: 0 bytes"):
        read(tmp_path)
    (tmp_path / "A_1_1.fmr").write_bytes(finger_template("101"))
    result = CliRunner().invoke(app, ["fingerprint", "--probe", str(tmp_path), "--reference", str(folder)])
    assert isinstance(result.exception, ProtocolError)
    assert isinstance(read(tmp_path)[Key("A", "1", "1")], Template)
