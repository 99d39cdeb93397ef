"""The centre as keeper of the card keys (tier K0) and as document signer: the kiosk only carries bytes between it and
the card.

POST /v1/offices/{office}/cards/challenges, /sessions, /sessions/{name}/wrap and /unwrap, /signatures; bytes as hex.
A script of commands is wrapped in one question, so that a distant centre costs a few round trips per card.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from kiosk.cards.personalise.custody import CardSession
from kiosk.cards.personalise.files import SigningError
from kiosk.cards.personalise.scp03 import ChannelError

CONFLICT = 409


class CentreAway(Exception):
    """The centre cannot be asked: no line, or it is down. Nothing was decided about the card."""


class _Desk:
    """Questions about cards at one office's centre."""

    def __init__(self, http: httpx.AsyncClient, office: str) -> None:
        self._http = http
        self._base = f"/v1/offices/{office}/cards"

    async def ask(self, path: str, body: dict[str, Any], refused: type[Exception]) -> dict[str, Any]:
        """The answer; `refused` with the centre's reason where it says no; CentreAway where it does not answer."""
        try:
            answer = await self._http.post(f"{self._base}{path}", json=body)
            if answer.status_code == CONFLICT:
                raise refused(str(answer.json().get("detail", "refused")))
            answer.raise_for_status()
            said = answer.json()
        except httpx.HTTPError as error:
            raise CentreAway(f"the centre does not answer ({type(error).__name__})") from error
        except ValueError as error:
            raise CentreAway("the centre's answer means nothing") from error
        if not isinstance(said, dict):
            raise CentreAway("the centre's answer means nothing")
        return said


class CentreKeys:
    """KeyCustody at the centre: no key is ever in the kiosk."""

    def __init__(self, http: httpx.AsyncClient, office: str) -> None:
        self._desk = _Desk(http, office)

    async def host_challenge(self) -> bytes:
        return _bytes((await self._desk.ask("/challenges", {}, ChannelError)).get("challenge"))

    async def open_session(self, card_id: bytes, key_version: int, challenge: bytes, card_answer: bytes) -> CardSession:
        del key_version  # the card's answer names it
        asked = {"uid": card_id.hex(), "challenge": challenge.hex(), "card_answer": card_answer.hex()}
        said = await self._desk.ask("/sessions", asked, ChannelError)
        return _CentreSession(self._desk, f"/sessions/{said.get('session')}", _bytes(said.get("authenticate")))


class _CentreSession:
    def __init__(self, desk: _Desk, path: str, authenticate: bytes) -> None:
        self._desk = desk
        self._path = path
        self.authenticate = authenticate

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        return await self._script("wrap", commands)

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        return await self._script("unwrap", responses)

    async def _script(self, act: str, apdus: Sequence[bytes]) -> list[bytes]:
        said = await self._desk.ask(f"{self._path}/{act}", {"apdus": [one.hex() for one in apdus]}, ChannelError)
        given = said.get("apdus")
        if not isinstance(given, list) or len(given) != len(apdus):
            raise CentreAway("the centre's answer means nothing")
        return [_bytes(one) for one in given]


class CentreSigner:
    """DocumentSigner at the centre, for one approval. It sees the data groups and signs only what it approved."""

    def __init__(self, http: httpx.AsyncClient, office: str, approval: str) -> None:
        self._desk = _Desk(http, office)
        self._approval = approval

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> bytes:
        asked = {
            "approval": self._approval,
            "uid": card_id.hex(),
            "groups": {str(number): content.hex() for number, content in groups.items()},
        }
        return _bytes((await self._desk.ask("/signatures", asked, SigningError)).get("sod"))


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise CentreAway("the centre's answer means nothing")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise CentreAway("the centre's answer means nothing") from error
