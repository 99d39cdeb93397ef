"""The centre's part in personalising a card: it wraps the commands (the kiosk has no key) and signs the chip."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from sim.centre.hsm import KeyStore, Refused
from sim.centre.registry import Centre
from sim.centre.signer import DocumentSigner

Hex = Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2})*$", max_length=100_000)]
SPECIMEN = "SPECIMEN"
"""Approval of the specimen person with whom a technician tries a card."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OpenIn(_In):
    uid: Hex
    challenge: Hex
    card_answer: Hex


class ScriptIn(_In):
    apdus: list[Hex] = Field(max_length=1_000)


class SignIn(_In):
    approval: str = Field(max_length=60)
    uid: Hex
    groups: dict[Annotated[str, Field(pattern=r"^\d{1,2}$")], Hex]


def routes(centre: Centre) -> APIRouter:
    """Everything under /v1/offices/{office}/cards."""
    store, signer = KeyStore(), DocumentSigner()

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
        try:
            name, command = store.open(
                bytes.fromhex(asked.uid), bytes.fromhex(asked.challenge), bytes.fromhex(asked.card_answer)
            )
        except Refused as refused:
            raise HTTPException(409, str(refused)) from refused
        return {"session": name, "authenticate": command.hex()}

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
