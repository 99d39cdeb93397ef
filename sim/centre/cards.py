"""The centre's part in personalising a card: it wraps the commands (the kiosk has no key) and signs the chip."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from sim.centre.hsm import KeyStore
from sim.centre.packages import SPECIMEN, NotAllowed, Packages
from sim.centre.registry import Centre
from sim.centre.signer import DocumentSigner
from sim.issuing import MasterKeys, Purpose, Refused

Hex = Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2})*$", max_length=100_000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OpenIn(_In):
    kiosk: str = Field(min_length=1, max_length=60)
    approval: str = Field(max_length=60)
    uid: Hex
    purpose: Purpose
    challenge: Hex
    card_answer: Hex
    ended: list[Hex] = Field(default=[], max_length=100)
    """UIDs of this approval's cards that have come to nothing, in case the kiosk's events are still under way."""


class ScriptIn(_In):
    apdus: list[Hex] = Field(max_length=1_000)


class KeysIn(_In):
    version: int = Field(ge=1, le=0x7F)


class AnswerIn(_In):
    apdu: Hex


class SignIn(_In):
    approval: str = Field(max_length=60)
    uid: Hex
    groups: dict[Annotated[str, Field(pattern=r"^\d{1,2}$")], Hex]


def routes(centre: Centre, master: MasterKeys | None = None) -> APIRouter:
    """Everything under /v1/offices/{office}/cards. `master`: the keys in its HSM; without: the public test key."""
    store, signer = KeyStore(master), DocumentSigner()
    packages = Packages(centre, store)

    def known(office: str) -> None:
        if office != centre.office:
            raise HTTPException(404, "no such office")

    router = APIRouter(prefix="/v1/offices/{office}/cards")

    @router.post("/challenges")
    async def challenges(office: str) -> dict[str, str]:
        known(office)
        return {"challenge": store.challenge().hex()}

    @router.post("/sessions")
    async def sessions(office: str, asked: OpenIn) -> dict[str, str]:
        known(office)
        uid, challenge, answer = (bytes.fromhex(one) for one in (asked.uid, asked.challenge, asked.card_answer))
        ended = [bytes.fromhex(one) for one in asked.ended]
        try:
            package = packages.issue(asked.kiosk, asked.approval, uid, asked.purpose, challenge, answer, ended)
        except Refused as refused:
            raise HTTPException(409, str(refused)) from refused
        except NotAllowed as refused:
            raise HTTPException(403, str(refused)) from refused
        return {"package": package}

    @router.post("/sessions/{name}/keys")
    async def new_keys(office: str, name: str, asked: KeysIn) -> dict[str, str]:
        known(office)
        try:
            return {"apdu": store.session(name).new_keys(asked.version).hex()}
        except Refused as refused:
            raise HTTPException(409, str(refused)) from refused

    @router.post("/sessions/{name}/keys/answer")
    async def check_keys(office: str, name: str, asked: AnswerIn) -> dict[str, str]:
        known(office)
        try:
            store.session(name).check_keys(bytes.fromhex(asked.apdu))
        except Refused as refused:
            raise HTTPException(409, str(refused)) from refused
        return {"keys": "taken"}

    @router.post("/sessions/{name}/wrap")
    async def wrap(office: str, name: str, script: ScriptIn) -> dict[str, Any]:
        known(office)
        try:
            session = store.session(name)
            return {"apdus": [session.wrap(bytes.fromhex(apdu)).hex() for apdu in script.apdus]}
        except Refused as refused:
            raise HTTPException(409, str(refused)) from refused

    @router.post("/sessions/{name}/unwrap")
    async def unwrap(office: str, name: str, script: ScriptIn) -> dict[str, Any]:
        known(office)
        try:
            session = store.session(name)
            return {"apdus": [session.unwrap(bytes.fromhex(apdu)).hex() for apdu in script.apdus]}
        except Refused as refused:
            raise HTTPException(409, str(refused)) from refused

    @router.post("/signatures")
    async def signatures(office: str, asked: SignIn) -> dict[str, str]:
        """Signs what it has approved, and looks first whether the zone in DG1 is of that person."""
        known(office)
        groups = {int(number): bytes.fromhex(content) for number, content in asked.groups.items()}
        document = "SPECIMEN0" if asked.approval == SPECIMEN else centre.document_of(asked.approval) or ""
        if not document or groups.get(1, b"")[10:19] != document.encode():
            raise HTTPException(409, "the data groups are not of an approved card")
        return {"sod": signer.sign(groups).hex()}

    return router
