"""The one typed client of kioskd. The screen, the CLI, the serial console and the workbench all use it."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from kiosk.api import blanks as b
from kiosk.api import messages as m
from kiosk.api import staff as s
from kiosk.api.accepting import Accepted, AcceptRequest

T = TypeVar("T")
COLLECT_TIMEOUT = 30.0
EXPORT_TIMEOUT = 300.0


class ApiError(Exception):
    """kioskd refused, or could not be reached (`cause` None)."""

    def __init__(self, problem: m.Problem | None, text: str) -> None:
        super().__init__(text)
        self.problem = problem

    @property
    def cause(self) -> str | None:
        return self.problem.cause if self.problem else None


class Client:
    """Speaks to kioskd on its Unix socket, or over any httpx transport that reaches it."""

    def __init__(self, socket: Path | None = None, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._where = str(socket) if socket else "kioskd"
        self._http = httpx.AsyncClient(
            transport=transport or httpx.AsyncHTTPTransport(uds=str(socket)),
            base_url="http://kioskd",
            timeout=COLLECT_TIMEOUT,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def state(self) -> m.State:
        return await self._call(m.State, "GET", "/v1/state")

    async def version(self) -> m.Version:
        return await self._call(m.Version, "GET", "/v1/version")

    async def self_test(self) -> list[m.CheckResult]:
        return await self._call(list[m.CheckResult], "POST", "/v1/selftest")

    async def log(self, lines: int = 50) -> list[m.LogLine]:
        return await self._call(list[m.LogLine], "GET", f"/v1/log?lines={lines}")

    async def journal(self, checkpoints: Sequence[str] = ()) -> m.JournalReport:
        """`checkpoints`: texts that others kept, to be checked against the journal."""
        return await self._call(m.JournalReport, "POST", "/v1/journal", m.Witnesses(checkpoints=tuple(checkpoints)))

    async def export(self, request: s.AuditExport) -> str:
        """The whole audit as a signed file (kiosk/journal/export.py)."""
        try:
            answer = await self._http.post(
                "/v1/journal/export",
                content=request.model_dump_json(),
                headers={"content-type": "application/json"},
                timeout=EXPORT_TIMEOUT,
            )
        except httpx.HTTPError as error:
            raise ApiError(None, f"{self._where}: {str(error) or type(error).__name__}") from error
        if answer.is_error:
            raise self._refusal(answer)
        return answer.text

    async def take_ticket(self, request: m.TicketRequest) -> m.Ticket:
        """The same request_id gets the same ticket, however often it is sent."""
        return await self._call(m.Ticket, "POST", "/v1/tickets", request)

    async def collect(self, request: m.CollectRequest) -> m.Collection:
        """Starts a collection. ApiError with the cause if it cannot start (bad NIK, no approval, busy)."""
        return await self._call(m.Collection, "POST", "/v1/collections", request)

    async def ask_staff(self, collection: str) -> m.Collection:
        """The resident wants a person instead of the finger scanner: ends in stage STAFF with a ticket."""
        return await self._call(m.Collection, "POST", f"/v1/collections/{collection}/staff")

    async def cancel(self, collection: str) -> m.Collection:
        """The resident walks away; possible while no blank is in the path, else the collection goes on."""
        return await self._call(m.Collection, "POST", f"/v1/collections/{collection}/cancel")

    # -- staff (kiosk.api.staff.proven adds the proofs) --------------------------------------------------------
    async def colleagues(self) -> list[s.Colleague]:
        """Who works here, by the roster in force."""
        return await self._call(list[s.Colleague], "GET", "/v1/staff/people")

    async def send_roster(self, request: s.RosterSent) -> list[s.Colleague]:
        """The centre's signed list of people, when the line did not bring it."""
        return await self._call(list[s.Colleague], "POST", "/v1/staff/roster", request)

    async def challenge(self, request: s.ChallengeRequest) -> s.Challenge:
        """For one proof of one person."""
        return await self._call(s.Challenge, "POST", "/v1/staff/challenges", request)

    async def set_pin(self, request: s.PinSet) -> None:
        await self._call(type(None), "POST", "/v1/staff/pin", request)

    async def clear_pin(self, request: s.PinCleared) -> None:
        await self._call(type(None), "POST", "/v1/staff/pin/clear", request)

    async def load_blanks(self, request: s.BlanksLoaded) -> m.Blanks:
        """Two people counted blanks into the hopper; the same request_id counts once."""
        return await self._call(m.Blanks, "POST", "/v1/blanks", request)

    async def unload_blanks(self, request: s.BlanksUnloaded) -> m.Blanks:
        """Two people counted blanks out of the hopper; the same request_id counts once."""
        return await self._call(m.Blanks, "POST", "/v1/blanks/unload", request)

    async def receive_blanks(self, request: b.BlanksReceived) -> m.Blanks:
        """A delivery is in the vault."""
        return await self._call(m.Blanks, "POST", "/v1/blanks/received", request)

    async def empty_bin(self, request: b.BinEmptied) -> m.Blanks:
        """The bin's cards are locked away until they are destroyed."""
        return await self._call(m.Blanks, "POST", "/v1/blanks/bin", request)

    async def destroy_blanks(self, request: b.BlanksDestroyed) -> m.Blanks:
        """Spoiled cards were destroyed before two witnesses."""
        return await self._call(m.Blanks, "POST", "/v1/blanks/destroyed", request)

    async def cases(self) -> list[b.BlankCase]:
        """Every case of missing or surplus blanks, oldest first."""
        return await self._call(list[b.BlankCase], "GET", "/v1/blanks/cases")

    async def report_case(self, request: b.CaseReported) -> list[b.BlankCase]:
        """Opens a case; all cases."""
        return await self._call(list[b.BlankCase], "POST", "/v1/blanks/cases", request)

    async def settle_case(self, request: b.CaseSettled) -> list[b.BlankCase]:
        """Something of a case was found; all cases."""
        return await self._call(list[b.BlankCase], "POST", "/v1/blanks/cases/found", request)

    async def write_off_case(self, request: b.CaseWrittenOff) -> list[b.BlankCase]:
        """A case is given up; all cases."""
        return await self._call(list[b.BlankCase], "POST", "/v1/blanks/cases/written-off", request)

    async def close_day(self, request: b.CloseRequest) -> b.DayClosed:
        """Two people's count against the books; the same request_id gives the same close, printed once."""
        return await self._call(b.DayClosed, "POST", "/v1/close", request)

    async def accept_journal(self, request: AcceptRequest) -> Accepted:
        """Two people accept a journal that cannot be believed; the same request_id is done once."""
        return await self._call(Accepted, "POST", "/v1/journal/accept", request)

    async def override(self, request: s.OverrideRequest) -> m.Collection:
        """Two people answer for a resident: the collection goes on without his finger."""
        return await self._call(m.Collection, "POST", "/v1/staff/overrides", request)

    async def clean_printer(self, request: s.PrinterCleaning) -> None:
        """Runs the card printer's cleaning cycle."""
        await self._call(type(None), "POST", "/v1/printer/clean", request)

    async def unresolved(self) -> list[s.UnknownJob]:
        """The jobs whose cards somebody has to find."""
        return await self._call(list[s.UnknownJob], "GET", "/v1/staff/unknown")

    async def resolve(self, request: s.Resolution) -> m.Blanks:
        """Two people say where the card of an unknown job is."""
        return await self._call(m.Blanks, "POST", "/v1/staff/resolutions", request)

    async def digest(self, request: s.DigestRequest) -> list[s.PersonDay]:
        """What each person did on a day."""
        return await self._call(list[s.PersonDay], "POST", "/v1/staff/digest", request)

    async def call_next(self, request: s.NextCall) -> m.Called:
        """A counter is free: calls the number that has waited longest."""
        return await self._call(m.Called, "POST", "/v1/queue/next", request)

    async def events(self) -> AsyncIterator[m.State]:
        """The state now and at each change (server-sent events), until the connection ends."""
        try:
            async with self._http.stream("GET", "/v1/events", timeout=httpx.Timeout(5.0, read=30.0)) as answer:
                answer.raise_for_status()
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        yield m.State.model_validate_json(line[5:])
        except httpx.HTTPError as error:
            raise ApiError(None, f"{self._where}: {str(error) or type(error).__name__}") from error

    async def _call(self, kind: type[T], method: str, path: str, body: m.Message | None = None) -> T:
        content = body.model_dump_json() if body else None
        headers = {"content-type": "application/json"} if body else None
        try:
            answer = await self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise ApiError(None, f"{self._where}: {str(error) or type(error).__name__}") from error
        if answer.is_error:
            raise self._refusal(answer)
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        try:
            value: T = adapter.validate_json(answer.content or b"null")
        except ValidationError as error:
            raise ApiError(None, f"{self._where}: answered what this version does not understand") from error
        return value

    def _refusal(self, answer: httpx.Response) -> ApiError:
        try:
            problem = m.Problem.model_validate(json.loads(answer.content))
        except ValueError:
            return ApiError(None, f"{self._where}: HTTP {answer.status_code}")
        return ApiError(problem, f"{problem.cause}: {problem.detail}" if problem.detail else problem.cause)
