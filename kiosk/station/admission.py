"""Who asks for a card, and may he have one: form, approval, and whether this approval's card is out already."""

from kiosk.api.identifiers import is_slip, nik_fault
from kiosk.api.messages import Cause, CollectRequest
from kiosk.cards import lost
from kiosk.cards.approval import Approval, ApprovalError, Authority
from kiosk.cards.jobs import JobEnd, ends_of
from kiosk.centre import shelf
from kiosk.centre.link import CentreLink
from kiosk.centre.standing import Standings
from kiosk.journal import audit
from kiosk.journal.database import Journal
from kiosk.journal.timekeeper import TimeKeeper, TimeSource
from kiosk.station.refusal import Refused

LENGTH_SHOWN = 99_999


class Admission:
    def __init__(
        self, journal: Journal, authority: Authority, standings: Standings, link: CentreLink, time: TimeKeeper
    ) -> None:
        self._journal = journal
        self._authority = authority
        self._standings = standings
        self._link = link
        self._time = time

    @staticmethod
    def check_form(request: CollectRequest) -> None:
        """Refuses what is no NIK and no slip, before anything is looked up."""
        if request.slip is not None and not is_slip(request.slip):
            raise Refused(Cause.SLIP_INVALID, f"{min(len(request.slip), LENGTH_SHOWN)} characters")
        if request.nik is not None and (fault := nik_fault(request.nik)) is not None:
            raise Refused(Cause.NIK_INVALID, fault)

    async def approval(self, request: CollectRequest, *, finger: bool = True) -> Approval:
        """The valid, unused approval that this NIK or slip names. Refused with the true cause if there is none.
        `finger` False: nobody's finger will be asked for, so that the record needs none."""
        found = await self._shelved(request)
        if found is None and self._link.up:
            await self._link.round()  # it may have come in this minute
            found = await self._shelved(request)
        if found is None:
            # While the line is down nobody here can know whether the card is approved: that is the true cause.
            raise Refused(self._link.cause or Cause.APPROVAL_MISSING)
        if found.record is None:
            raise Refused(Cause.ALREADY_COLLECTED)
        if self._time.source is TimeSource.NONE:
            raise Refused(Cause.CLOCK_UNKNOWN)
        try:
            approval = self._authority.verify(found.token, found.record, self._time.now())
        except ApprovalError as error:
            raise Refused(error.cause, error.detail) from error
        ends, revoked, doubtful = await self._journal.read(
            lambda tx: (
                ends_of(tx, approval.jti),
                self._standings.is_revoked(tx, approval.jti),
                lost.is_doubtful(tx, approval.jti),
            )
        )
        if JobEnd.TAKEN in ends:
            raise Refused(Cause.ALREADY_COLLECTED)
        if JobEnd.UNKNOWN in ends:
            raise Refused(Cause.NEEDS_STAFF, "an earlier job of this approval is unresolved")
        if doubtful:
            raise Refused(Cause.NEEDS_STAFF, "may have been used on a lost stretch; the centre must approve anew")
        if revoked:
            raise Refused(Cause.APPROVAL_REVOKED)
        if finger and not approval.record.fingers:
            raise Refused(Cause.NO_FINGERS)
        return approval

    async def note_refusal(self, request: CollectRequest, refused: Refused) -> None:
        """Every refusal is audited: by what it was asked, and why not; never by whom."""
        await self._journal.write(
            lambda tx: audit.append(
                tx,
                audit.Event.COLLECTION_REFUSED,
                "resident",
                collection=request.request_id,
                by="slip" if request.slip is not None else "nik",
                cause=str(refused.cause),
                detail=refused.detail,
            )
        )

    async def _shelved(self, request: CollectRequest) -> shelf.Shelved | None:
        return await self._journal.read(lambda tx: shelf.find(tx, nik=request.nik, slip=request.slip))
