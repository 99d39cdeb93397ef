"""What the centre holds of this kiosk, asked when this journal is not all that there was of it.

POST /v1/offices/{office}/account with the kiosk, a nonce and the (sequence, hash) of events of the outbox. The answer
is a statement signed as a receipt is (`account+jwt`): the newest of these events that the centre holds the same
(`agreed`), the newest event that it holds at all with its hash, the newest audit record that it keeps a checkpoint of,
and every card job that it was told of after `agreed`. The nonce inside proves that the answer is of this moment.
"""

from collections.abc import Sequence
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field

from kiosk.cards.approval import Authority
from kiosk.cards.jobs import JobEnd

KIND = "account+jwt"
ACCOUNT_MAX = 8_000_000
"""Characters: some 40,000 card jobs."""
Text = Annotated[str, Field(max_length=64)]


class LostCard(BaseModel):
    """A card job as the centre was last told how it ended."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    job: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    approval: Text
    end: JobEnd
    uid: Text | None


class Account(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    kiosk: str
    nonce: str
    agreed: int = Field(ge=0)
    sequence: int = Field(ge=0)
    chain: str = Field(pattern=r"^[0-9a-f]{64}$")
    sealed: int = Field(ge=0)
    cards: tuple[LostCard, ...]
    """In the order in which they ended."""


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    account: str


async def ask(
    http: httpx.AsyncClient, authority: Authority, nonce: str, events: Sequence[tuple[int, bytes]]
) -> Account:
    """httpx.HTTPError if the centre does not answer; TokenError or ValueError for an answer that is not its word on
    this kiosk and this moment."""
    asked = {
        "kiosk": authority.kiosk,
        "nonce": nonce,
        "events": [{"sequence": sequence, "chain": chain.hex()} for sequence, chain in events],
    }
    answer = await http.post(f"/v1/offices/{authority.office}/account", json=asked)
    answer.raise_for_status()
    token = _Sent.model_validate_json(answer.content).account
    account = Account.model_validate(authority.centre.claims(token, KIND, longest=ACCOUNT_MAX))
    if account.kiosk != authority.kiosk or account.nonce != nonce:
        raise ValueError("the account answers another question: it may be an old one")
    return account
