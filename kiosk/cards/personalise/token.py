"""K2: the master key in a PKCS#11 token (USB or network HSM), which computes AES-CMAC with it and never shows it.

Tokens of PKCS#11 2.40 have no key derivation by CMAC, so the key of the one card being made comes out as a CMAC value
and is in this process's memory for one session. The master key is not, nor is the transport key, which covers the
card's new keys inside the token (AES-ECB of one block).
"""

from collections.abc import Callable
from typing import Any

from kiosk.cards.personalise.custody import Keys


class TokenError(Exception):
    """The token, its PIN or its key is not as configured. Says which, never the PIN."""


def token_keys(module: str, token: str, pin: str, master: str, transport: str) -> Keys:
    """The secret AES keys labelled `master` and `transport` on the token labelled `token`, through the library at
    `module`.

    Refuses a key that the token would show: it has to be sensitive and not extractable.
    """
    try:
        import pkcs11
    except ImportError as error:
        raise TokenError("python-pkcs11 is not installed (install anjungan[hsm])") from error
    session: Any = None
    label = master
    try:
        session = pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin)
        found: list[Any] = []
        for label in (master, transport):
            key: Any = session.get_key(label=label, object_class=pkcs11.ObjectClass.SECRET_KEY)
            if key[pkcs11.Attribute.EXTRACTABLE] or not key[pkcs11.Attribute.SENSITIVE]:
                raise TokenError(
                    f"token {token!r}: key {label!r} can be read out; make it sensitive and not extractable"
                )
            found.append(key)
    except (pkcs11.PKCS11Error, RuntimeError, TokenError) as error:
        if session is not None:
            session.close()
        if isinstance(error, TokenError):
            raise
        # Without the cause: a library's own text may hold what it was called with.
        raise TokenError(f"token {token!r}, key {label!r}: {type(error).__name__}") from None

    def computed(act: Callable[[], Any]) -> bytes:
        try:
            return bytes(act())
        except pkcs11.PKCS11Error as error:
            raise TokenError(f"token {token!r}: {type(error).__name__}") from None

    own, all_blanks = found
    return Keys(
        lambda message: computed(lambda: own.sign(message, mechanism=pkcs11.Mechanism.AES_CMAC)),
        lambda message: computed(lambda: all_blanks.sign(message, mechanism=pkcs11.Mechanism.AES_CMAC)),
        lambda block: computed(lambda: all_blanks.encrypt(block, mechanism=pkcs11.Mechanism.AES_ECB)),
    )
