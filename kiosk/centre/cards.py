"""The centre as keeper of the card keys (tier K0) and as document signer: the kiosk only carries bytes between it and
the card.

POST /v1/offices/{office}/cards/challenges, /sessions, /sessions/{name}/wrap, /unwrap, /keys and /keys/answer,
/signatures; bytes as hex. A script of commands is wrapped in one question, so that a distant centre costs a few round
trips per card. 409: the card or its answer is wrong; 403: this office may not; the text says why.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from kiosk.api.messages import Cause
from kiosk.cards.personalise.custody import CardSession, CentreAway, Errand
from kiosk.cards.personalise.files import Plan, Signed, SigningError
from kiosk.cards.personalise.layout import Layout
from kiosk.cards.personalise.package import Gate, PackageError, PackageFault
from kiosk.cards.personalise.scp03 import ChannelError
from kiosk.cards.record import CardRecord

CONFLICT, FORBIDDEN = 409, 403
CARD_KEY = 15
"""The data group that nobody can sign before the card is there."""


class _Desk:
    """Questions about cards at one office's centre."""

    def __init__(self, http: httpx.AsyncClient, office: str) -> None:
        self._http = http
        self._base = f"/v1/offices/{office}/cards"

    async def ask(self, path: str, body: dict[str, Any], refused: type[Exception]) -> dict[str, Any]:
        """The answer; `refused` with the centre's reason where it says no, PackageError where the errand is not
        allowed; CentreAway where it does not answer."""
        try:
            answer = await self._http.post(f"{self._base}{path}", json=body)
            if answer.status_code == CONFLICT:
                raise refused(_reason(answer))
            if answer.status_code == FORBIDDEN:
                raise PackageError(PackageFault.NOT_GIVEN, _reason(answer))
            answer.raise_for_status()
            said = answer.json()
        except httpx.HTTPStatusError as error:
            raise CentreAway(Cause.CENTRE_DOWN, f"HTTP {error.response.status_code}") from error
        except httpx.HTTPError as error:
            raise CentreAway(Cause.LINK_DOWN, type(error).__name__) from error
        except ValueError as error:
            raise _nonsense() from error
        if not isinstance(said, dict):
            raise _nonsense()
        return said


class CentreKeys:
    """KeyCustody at the centre: no key is ever in the kiosk. Each session needs a package that `gate` lets in."""

    def __init__(self, http: httpx.AsyncClient, gate: Gate) -> None:
        self._desk = _Desk(http, gate.office)
        self._gate = gate

    async def host_challenge(self) -> bytes:
        return _bytes((await self._desk.ask("/challenges", {}, ChannelError)).get("challenge"))

    async def open_session(self, errand: Errand, challenge: bytes, card_answer: bytes) -> CardSession:
        asked = {
            "kiosk": self._gate.kiosk,
            "approval": errand.approval,
            "uid": errand.uid.hex(),
            "purpose": errand.purpose.value,
            "challenge": challenge.hex(),
            "card_answer": card_answer.hex(),
            "ended": list(await self._gate.used.ended(errand.approval)),
        }
        token = (await self._desk.ask("/sessions", asked, ChannelError)).get("package")
        if not isinstance(token, str):
            raise _nonsense()
        package = await self._gate.admit(token, errand, challenge, card_answer)
        return _CentreSession(self._desk, f"/sessions/{quote(package.session, safe='')}", package.authenticate)

    async def close(self) -> None:
        """The line belongs to whoever opened it."""


class _CentreSession:
    def __init__(self, desk: _Desk, path: str, authenticate: bytes) -> None:
        self._desk = desk
        self._path = path
        self.authenticate = authenticate

    async def wrap(self, commands: Sequence[bytes]) -> list[bytes]:
        return await self._script("wrap", commands)

    async def unwrap(self, responses: Sequence[bytes]) -> list[bytes]:
        return await self._script("unwrap", responses)

    async def new_keys(self, version: int) -> bytes:
        return _bytes((await self._desk.ask(f"{self._path}/keys", {"version": version}, ChannelError)).get("apdu"))

    async def check_keys(self, response: bytes) -> None:
        await self._desk.ask(f"{self._path}/keys/answer", {"apdu": response.hex()}, ChannelError)

    async def _script(self, act: str, apdus: Sequence[bytes]) -> list[bytes]:
        said = await self._desk.ask(f"{self._path}/{act}", {"apdus": [one.hex() for one in apdus]}, ChannelError)
        given = said.get("apdus")
        if not isinstance(given, list) or len(given) != len(apdus):
            raise _nonsense()
        return [_bytes(one) for one in given]


class CentreSigner:
    """DocumentSigner at the centre, for one approval. It sees the data groups and signs only what it approved."""

    def __init__(self, http: httpx.AsyncClient, office: str, approval: str) -> None:
        self._desk = _Desk(http, office)
        self._approval = approval

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        asked = {
            "approval": self._approval,
            "uid": card_id.hex(),
            "groups": {str(number): content.hex() for number, content in groups.items()},
        }
        return Signed(groups, _bytes((await self._desk.ask("/signatures", asked, SigningError)).get("sod")))


class Presigner:
    """Has chips signed as soon as they are approved, without the key that only the card will make (DG15): so an
    approved card can still be made while the line is down."""

    def __init__(self, http: httpx.AsyncClient, office: str, layout: Layout, size: str) -> None:
        self._http = http
        self._office = office
        self._layout = layout
        self._size = size

    async def sign(self, approval: str, record: str) -> bytes:
        """EF.SOD for the record (JSON) of an approval; b"" if there will be none for it. CentreAway: ask again."""
        try:
            groups = Plan(self._layout, self._size, CardRecord.model_validate_json(record)).groups(None)
            signed = await CentreSigner(self._http, self._office, approval).sign(groups, b"")
        except (ValueError, SigningError):
            return b""
        return signed.sod


class ShelvedSigner:
    """DocumentSigner for one approval: the centre while it answers, else what it has signed ahead."""

    def __init__(self, centre: CentreSigner, shelved: Callable[[], Awaitable[bytes]]) -> None:
        self._centre = centre
        self._shelved = shelved

    async def sign(self, groups: Mapping[int, bytes], card_id: bytes) -> Signed:
        try:
            return await self._centre.sign(groups, card_id)
        except CentreAway:
            sod = await self._shelved()
            if not sod:
                raise
            return Signed({number: group for number, group in groups.items() if number != CARD_KEY}, sod)


def _reason(answer: httpx.Response) -> str:
    said = answer.json()
    return str(said.get("detail", "refused")) if isinstance(said, dict) else "refused"


def _nonsense() -> CentreAway:
    return CentreAway(Cause.CENTRE_DOWN, "an answer that means nothing")


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise _nonsense()
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise _nonsense() from error
