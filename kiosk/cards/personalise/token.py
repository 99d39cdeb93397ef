"""K2: the master key in a PKCS#11 token (USB or network HSM), which computes AES-CMAC with it and never shows it.

Tokens of PKCS#11 2.40 have no key derivation by CMAC, so the key of the one card being made comes out as a CMAC value
and is in this process's memory for one session. The master key is not.
"""

from typing import Any

from kiosk.cards.personalise.scp03 import Cmac


class TokenError(Exception):
    """The token, its PIN or its key is not as configured. Says which, never the PIN."""


def token_cmac(module: str, token: str, pin: str, label: str) -> Cmac:
    """AES-CMAC by the secret AES key `label` on the token labelled `token`, through the library at `module`.

    Refuses a key that the token would show: it has to be sensitive and not extractable.
    """
    try:
        import pkcs11
    except ImportError as error:
        raise TokenError("python-pkcs11 is not installed (install anjungan[hsm])") from error
    session: Any = None
    try:
        session = pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin)
        key: Any = session.get_key(label=label, object_class=pkcs11.ObjectClass.SECRET_KEY)
        if key[pkcs11.Attribute.EXTRACTABLE] or not key[pkcs11.Attribute.SENSITIVE]:
            raise TokenError(f"token {token!r}: key {label!r} can be read out; make it sensitive and not extractable")
    except (pkcs11.PKCS11Error, RuntimeError, TokenError) as error:
        if session is not None:
            session.close()
        if isinstance(error, TokenError):
            raise
        # Without the cause: a library's own text may hold what it was called with.
        raise TokenError(f"token {token!r}, key {label!r}: {type(error).__name__}") from None

    def cmac(message: bytes) -> bytes:
        return bytes(key.sign(message, mechanism=pkcs11.Mechanism.AES_CMAC))

    return cmac
