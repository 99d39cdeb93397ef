"""A PKCS#11 token for those who want one."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "8046"
TOKEN = "cards"

Put = Callable[..., None]


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """A SoftHSM token labelled "cards" in a folder of its own; what is given puts AES keys into it, by label. `hidden`:
    they are sensitive and cannot be extracted."""
    if not Path(MODULE).exists() or shutil.which("softhsm2-util") is None:
        missing = f"missing: {MODULE} (Debian: softhsm2)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    pkcs11 = pytest.importorskip("pkcs11")
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", PIN, "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    library = pkcs11.lib(MODULE)
    library.reinitialize()

    def put(keys: dict[str, bytes], *, hidden: bool = True) -> None:
        with library.get_token(token_label=TOKEN).open(user_pin=PIN, rw=True) as session:
            for label, value in keys.items():
                session.create_object(
                    {
                        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
                        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
                        pkcs11.Attribute.LABEL: label,
                        pkcs11.Attribute.TOKEN: True,
                        pkcs11.Attribute.SIGN: True,
                        pkcs11.Attribute.ENCRYPT: True,
                        pkcs11.Attribute.SENSITIVE: hidden,
                        pkcs11.Attribute.EXTRACTABLE: not hidden,
                        pkcs11.Attribute.VALUE: value,
                    }
                )

    return put
