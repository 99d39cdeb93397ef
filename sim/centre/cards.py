"""The centre's part in personalising a card: it wraps the commands (the kiosk has no key) and signs the chip."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.centre.hsm import KeyStore
from sim.centre.packages import SPECIMEN, NotAllowed, Packages
from sim.centre.registry import Centre
from sim.centre.signer import DocumentSigner
from sim.issuing import MasterKeys, Purpose, Purposed, Refused

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


def routes(
    base: str, known: Callable[[Request], None], centre: Centre, master: MasterKeys | None = None
) -> list[Route]:
    """Everything under `base`. `known` refuses an office that is not the centre's. `master`: the keys in its HSM;
    without: the public test key."""
    store, signer = KeyStore(master), DocumentSigner()
    packages = Packages(centre, store)

    def route(path: str, answer: Callable[[Request], Awaitable[dict[str, Any]]]) -> Route:
        async def answered(request: Request) -> Response:
            known(request)
            try:
                return JSONResponse(await answer(request))
            except Refused as refused:
                raise HTTPException(409, str(refused)) from refused
            except NotAllowed as refused:
                raise HTTPException(403, str(refused)) from refused

        return Route(base + path, answered, methods=["POST"])

    def session(request: Request) -> Purposed:
        return store.session(request.path_params["name"])

    async def challenges(request: Request) -> dict[str, Any]:
        return {"challenge": store.challenge().hex()}

    async def sessions(request: Request) -> dict[str, Any]:
        asked = OpenIn.model_validate_json(await request.body())
        uid, challenge, answer = (bytes.fromhex(one) for one in (asked.uid, asked.challenge, asked.card_answer))
        ended = [bytes.fromhex(one) for one in asked.ended]
        return {"package": packages.issue(asked.kiosk, asked.approval, uid, asked.purpose, challenge, answer, ended)}

    async def new_keys(request: Request) -> dict[str, Any]:
        asked = KeysIn.model_validate_json(await request.body())
        return {"apdu": session(request).new_keys(asked.version).hex()}

    async def check_keys(request: Request) -> dict[str, Any]:
        asked = AnswerIn.model_validate_json(await request.body())
        session(request).check_keys(bytes.fromhex(asked.apdu))
        return {"keys": "taken"}

    async def wrap(request: Request) -> dict[str, Any]:
        script, open_ = ScriptIn.model_validate_json(await request.body()), session(request)
        return {"apdus": [open_.wrap(bytes.fromhex(apdu)).hex() for apdu in script.apdus]}

    async def unwrap(request: Request) -> dict[str, Any]:
        script, open_ = ScriptIn.model_validate_json(await request.body()), session(request)
        return {"apdus": [open_.unwrap(bytes.fromhex(apdu)).hex() for apdu in script.apdus]}

    async def signatures(request: Request) -> dict[str, Any]:
        """Signs what it has approved, and looks first whether the zone in DG1 is of that person."""
        asked = SignIn.model_validate_json(await request.body())
        groups = {int(number): bytes.fromhex(content) for number, content in asked.groups.items()}
        document = "SPECIMEN0" if asked.approval == SPECIMEN else centre.document_of(asked.approval) or ""
        if not document or groups.get(1, b"")[10:19] != document.encode():
            raise Refused("the data groups are not of an approved card")
        return {"sod": signer.sign(groups).hex()}

    return [
        route("/signatures", signatures),
        route("/challenges", challenges),
        route("/sessions", sessions),
        route("/sessions/{name}/wrap", wrap),
        route("/sessions/{name}/unwrap", unwrap),
        route("/sessions/{name}/keys", new_keys),
        route("/sessions/{name}/keys/answer", check_keys),
    ]
