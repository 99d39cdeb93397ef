"""The keys of the cards: diversified as published, and kept in a token that does not show them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kiosk.cards.personalise import scp03
from kiosk.cards.personalise.custody import ENC, MAC, TEST_MASTER, diversified
from kiosk.cards.personalise.token import TokenError, token_cmac

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "8046"
UID = bytes.fromhex("04782E21801D80")


def test_diversification_is_that_of_the_application_note() -> None:
    """AN10922, 2.2.1: UID, application and system identifier."""
    key = scp03.aes_cmac(bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
    derived = key(bytes.fromhex("0104782E21801D803042F54E585020416275"))
    assert derived.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


def test_every_card_and_every_use_has_a_key_of_its_own() -> None:
    master = scp03.aes_cmac(TEST_MASTER)
    keys = {diversified(master, use, uid) for use in (ENC, MAC) for uid in (UID, UID[:4], bytes(7))}
    assert len(keys) == 6
    with pytest.raises(ValueError, match="10 bytes"):
        diversified(master, ENC, bytes(10))


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A SoftHSM token with the label "cards", in a folder of its own."""
    if not Path(MODULE).exists() or shutil.which("softhsm2-util") is None:
        missing = f"missing: {MODULE} (Debian: softhsm2)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    command = ["softhsm2-util", "--init-token", "--free", "--label", "cards", "--so-pin", PIN, "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    return "cards"


def test_a_token_computes_card_keys_and_never_shows_the_master(softhsm: str) -> None:
    pkcs11 = pytest.importorskip("pkcs11")
    library = pkcs11.lib(MODULE)
    library.reinitialize()
    with library.get_token(token_label=softhsm).open(user_pin=PIN, rw=True) as session:
        for label, hidden in (("master", True), ("open", False)):
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
                    pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
                    pkcs11.Attribute.LABEL: label,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.SIGN: True,
                    pkcs11.Attribute.SENSITIVE: hidden,
                    pkcs11.Attribute.EXTRACTABLE: not hidden,
                    pkcs11.Attribute.VALUE: TEST_MASTER,
                }
            )
    for label, wrong in (("none", "NoSuchKey"), ("open", "read out")):
        with pytest.raises(TokenError, match=wrong) as caught:
            token_cmac(MODULE, softhsm, PIN, label)
        assert PIN not in str(caught.value)

    master = token_cmac(MODULE, softhsm, PIN, "master")
    assert diversified(master, ENC, UID) == diversified(scp03.aes_cmac(TEST_MASTER), ENC, UID)
