"""The centre's key store, simulated: opens SCP03 sessions to cards and wraps commands, so that no kiosk holds a key.

Without others its keys are GlobalPlatform's public test key.
"""

import random

from sim.issuing import MasterKeys, Purpose, Purposed, Refused, Session

SESSIONS_MAX = 64


class KeyStore:
    """All open sessions. The oldest is forgotten when there are too many."""

    def __init__(self, keys: MasterKeys | None = None) -> None:
        self._keys = keys or MasterKeys()
        self._chance = random.Random("key store")
        self._challenges: list[bytes] = []
        self._sessions: dict[str, Purposed] = {}

    def challenge(self) -> bytes:
        """8 bytes, good for one session."""
        self._challenges = [*self._challenges[-SESSIONS_MAX:], self._chance.randbytes(8)]
        return self._challenges[-1]

    def open(self, uid: bytes, challenge: bytes, answer: bytes, purpose: Purpose) -> tuple[str, Purposed]:
        """(session's name, the session). Refused unless the challenge is ours and unused."""
        if challenge not in self._challenges:
            raise Refused("the challenge is not ours, or was used before")
        self._challenges.remove(challenge)
        session = Purposed(Session(self._keys, uid, challenge, answer, transport=purpose == "keys"), purpose)
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        name = self._chance.randbytes(8).hex()
        self._sessions[name] = session
        return name, session

    def session(self, name: str) -> Purposed:
        try:
            return self._sessions[name]
        except KeyError:
            raise Refused("no such session") from None
