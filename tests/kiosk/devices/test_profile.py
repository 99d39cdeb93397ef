"""A technician writes a profile; whatever he gets wrong is said in one line with its place."""

from pathlib import Path

import pytest

from kiosk.devices.loading import find, load
from kiosk.devices.profile import Profile, ProfileError
from tests.kiosk.devices import toy

SHIPPED = sorted((Path(__file__).parents[3] / "hw_profiles").glob("*.toml"))

GOOD = """
name = "desk"
[kiosk]
id = "K1"
[office]
id = "SPC01"
name = { id = "Kantor", en = "Office" }
staff_service = "akta"
[[services]]
id = "akta"
letter = "A"
name = { id = "Akta", en = "Certificates" }
[centre]
url = "http://127.0.0.1:8470"
public_key = "EfMcWhIDmZHnOua7binD6X958cydAKDKI0mXFCjLESY="
issuer = "centre-specimen"
[slots.thermal_printer]
driver = "toy"
transport = "tcp:127.0.0.1:9100"
"""


@pytest.fixture(autouse=True)
def toy_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANJUNGAN_CENTRE_URL", raising=False)
    monkeypatch.delenv("ANJUNGAN_PROFILES", raising=False)
    toy.install(monkeypatch, "kiosk.devices.loading.driver_module")


def written(folder: Path, text: str, name: str = "desk") -> str:
    file = folder / f"{name}.toml"
    file.write_text(text)
    return str(file)


def refused(path: str) -> str:
    with pytest.raises(ProfileError) as caught:
        load(path)
    return str(caught.value)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_profile_loads_with_its_real_drivers_and_is_called_like_its_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real drivers, not the toy
    monkeypatch.delenv("ANJUNGAN_CENTRE_URL", raising=False)
    profile = load(file.stem)
    assert profile.name == file.stem
    assert profile.source == str(file)
    assert profile.simulated != profile.production


def test_a_good_profile_comes_with_every_default_filled_in(tmp_path: Path) -> None:
    profile = load(written(tmp_path, GOOD))
    assert profile.limits.finger_attempts == 3
    assert profile.office.timezone == "Asia/Jakarta"
    assert len(profile.centre.key_bytes) == 32
    assert profile.slots.thermal_printer is not None
    assert profile.slots.thermal_printer.options == {"columns": 48, "cut": True}
    assert profile.slots.card_printer is None
    assert not profile.simulated


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('driver = "toy"', 'drivr = "toy"', "slots.thermal_printer.drivr: unknown key; did you mean 'driver'?"),
        ("[slots.thermal_printer]", "[slots.thermal_prnter]", "did you mean 'thermal_printer'?"),
        ('letter = "A"', 'leter = "A"', "services[0].leter: unknown key; did you mean 'letter'?"),
        ('letter = "A"', 'letter = "aa"', "services[0].letter: 'aa' given; string should match pattern '^[A-Z]$'"),
        ('en = "Office"', 'eng = "Office"', "office.name.eng: unknown key; did you mean 'en'?"),
        ("[centre]", "[limits]\nfinger_attempts = 0\n[centre]", "limits.finger_attempts: 0 given; input should be"),
        (
            "[centre]",
            "[limits]\nfinger_trys = 2\n[centre]",
            "limits.finger_trys: unknown key; did you mean 'finger_attempts'?",
        ),
        ('public_key = "Ef', 'public_key = "', "centre.public_key: '"),
        (
            'name = { id = "Kantor"',
            'timezone = "Java"\nname = { id = "Kantor"',
            "office.timezone: 'Java' given; expected",
        ),
        ("tcp:127.0.0.1:9100", "/dev/ttyUSB0", "slots.thermal_printer.transport: '/dev/ttyUSB0' given; transport"),
        ('id = "K1"', "", "kiosk.id: missing"),
        ('driver = "toy"', 'driver = "toy"\noptions = { colums = 42 }', "did you mean 'columns'?"),
        (
            'driver = "toy"',
            'driver = "toy"\noptions = { columns = 4 }',
            "slots.thermal_printer.options.columns: 4 given",
        ),
        ('name = "desk"', "name = ", "not TOML: Invalid value (at line 2"),
    ],
)
def test_a_mistake_is_named_with_its_file_its_place_and_what_would_be_right(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert right in GOOD
    path = written(tmp_path, GOOD.replace(right, wrong))
    answer = refused(path)
    assert answer.startswith(f"{path}: ")
    assert said in answer


def test_two_services_with_one_letter_are_refused(tmp_path: Path) -> None:
    second = '[[services]]\nid = "kk"\nletter = "A"\nname = { id = "KK", en = "FC" }\n[centre]'
    assert "letter A is used twice" in refused(written(tmp_path, GOOD.replace("[centre]", second)))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    answer = refused(written(tmp_path, GOOD.replace('id = "K1"', 'ident = "K1"')))
    assert len(answer.splitlines()) == 2
    assert "kiosk.id: missing" in answer
    assert "kiosk.ident: unknown key; there are: id" in answer


def test_a_production_profile_takes_no_simulator(tmp_path: Path) -> None:
    text = "production = true\n" + GOOD.replace("tcp:127.0.0.1:9100", "sim:thermal-printer").replace("http:", "https:")
    assert "slots.thermal_printer: 'sim:thermal-printer' is a simulator" in refused(written(tmp_path, text))


def test_a_production_profile_takes_no_reader_that_is_software(tmp_path: Path) -> None:
    text = "production = true\n" + GOOD.replace('driver = "toy"', 'driver = "toy"\noptions.simulator = true')
    assert "slots.thermal_printer" in (answer := refused(written(tmp_path, text.replace("http:", "https:"))))
    assert "is a simulator" in answer


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('[chip]\nkeys = "software"', "public test key"),
        ('[slots.card_encoder]\ndriver = "toy"\ntransport = "tcp:127.0.0.1:1"', "chip.country: without"),
        ('[chip]\nkeys = "token"', "belong together"),
        ('[chip]\ncountry = "AAAA"', "X.509 certificate"),
    ],
)
def test_a_production_profile_holds_no_public_key_and_believes_somebody(tmp_path: Path, wrong: str, said: str) -> None:
    text = "production = true\n" + GOOD.replace("http:", "https:") + wrong
    assert said in refused(written(tmp_path, text))


def test_a_production_profile_reaches_the_centre_by_tls_only(tmp_path: Path) -> None:
    assert "centre.url: a production profile" in refused(written(tmp_path, "production = true\n" + GOOD))


def test_a_profile_extends_another_and_shows_only_what_it_changed(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    child = 'name = "desk2"\nbase = "desk"\nkiosk.id = "K2"\nslots.thermal_printer.options.columns = 42\n'
    profile = load(written(tmp_path, child, "desk2"))
    assert profile.office.id == "SPC01"
    assert profile.changes() == {
        "name": "desk2",
        "base": "desk",
        "kiosk": {"id": "K2"},
        "slots": {"thermal_printer": {"options": {"columns": 42}}},
    }


def test_a_profile_can_leave_a_slot_of_its_base_empty(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    child = 'name = "desk2"\nbase = "desk"\nslots.thermal_printer.driver = "none"\n'
    profile = load(written(tmp_path, child, "desk2"))
    assert profile.slots.filled() == {}
    assert profile.changes()["slots"] == {"thermal_printer": {"driver": "none"}}


def test_without_a_base_the_changes_are_what_differs_from_the_defaults(tmp_path: Path) -> None:
    changes = load(written(tmp_path, GOOD)).changes()
    assert "limits" not in changes
    assert "timezone" not in changes["office"]


def test_a_base_that_leads_back_to_itself_is_an_error_not_a_hang(tmp_path: Path) -> None:
    written(tmp_path, 'name = "a"\nbase = "b"\n', "a")
    answer = refused(written(tmp_path, 'name = "b"\nbase = "a"\n', "b"))
    assert "ends up extending itself" in answer


def test_the_centre_can_be_named_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUNGAN_CENTRE_URL", "http://127.0.0.1:9")
    assert load(written(tmp_path, GOOD)).centre.url == "http://127.0.0.1:9"


def test_a_name_is_looked_for_in_the_given_folder_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUNGAN_PROFILES", str(tmp_path))
    path = written(tmp_path, GOOD, "laptop-sim")
    assert find("laptop-sim") == Path(path)


def test_an_unknown_name_names_the_nearest_one() -> None:
    assert refused("laptop-sin") == "no profile is called 'laptop-sin'; did you mean 'laptop-sim'?"


def test_a_missing_file_and_a_binary_file_are_plain_errors(tmp_path: Path) -> None:
    assert "no such profile file" in refused(str(tmp_path / "nothing.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"name = \xff\xfe")
    assert "not UTF-8 text at byte 7" in refused(str(tmp_path / "bytes.toml"))


def test_an_unknown_driver_names_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert "slots.thermal_printer.driver: no driver is called 'toy'" in refused(written(tmp_path, GOOD))


def test_a_profile_cannot_be_changed_while_it_runs(tmp_path: Path) -> None:
    profile: Profile = load(written(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        profile.production = True
