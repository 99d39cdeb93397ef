"""The journal's memory of the centre's packages: which were used, and which cards of an approval came to nothing."""

from collections.abc import Sequence

from kiosk.cards.personalise.package import Package, PackageError, PackageFault
from kiosk.journal.database import Journal, Transaction


class PackageBook:
    """`UsedPackages` of kioskd."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def use(self, package: Package) -> None:
        def change(tx: Transaction) -> bool:
            added = tx.run(
                "INSERT INTO package VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (serial) DO NOTHING",
                package.serial,
                package.errand.approval,
                package.errand.uid.hex(),
                package.errand.purpose.value,
                package.expires.isoformat(timespec="seconds"),
                tx.now,
            )
            return added == 1

        if not await self._journal.write(change):
            raise PackageError(PackageFault.USED, f"{package.serial} was used before")

    async def ended(self, approval: str) -> Sequence[str]:
        rows = await self._journal.read(
            lambda tx: tx.rows(
                "SELECT DISTINCT uid FROM job"
                " WHERE jti = ? AND uid IS NOT NULL AND outcome IN ('scrapped', 'captured', 'void') ORDER BY uid",
                approval,
            )
        )
        return [row["uid"] for row in rows]
