"""Are the matcher's constants good, or only good on the sets they were chosen on?

`python -m tests.tools.cross_validate_matcher PROBES REFERENCES`: for each set in turn, picks among VARIANTS the one
with the least error on the other sets (same extractor and across), and prints what it does on the set that had no say.
"""

import sys
from itertools import product
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from kiosk.biometrics import agreement
from kiosk.biometrics.matcher import prepare
from kiosk.biometrics.protocol import Figures, compared, figures, read

VARIANTS: Final[list[dict[str, Any]]] = [
    {"NEAR": near, "STEEPNESS": steepness, "LEAST_OVERLAP": overlap}
    for near, steepness, overlap in product((3.0, 4.0, 5.5), (1.5, 2.5), (12.0, 15.0, 20.0))
]


def error(found: list[Figures]) -> float:
    """Twice the EER, and the FNMR at FMR 1 % and 0.1 %, summed."""
    return sum(2 * one.eer + one.fnmr_1.fnmr + one.fnmr_01.fnmr for one in found)


def main(probes: Path, references: Path) -> None:
    live = {key: prepare(record) for key, record in read(probes).items()}
    registry = {key: prepare(record) for key, record in read(references).items()}
    sets = sorted({key.set for key in live})
    found: dict[str, list[list[Figures]]] = {name: [] for name in sets}
    for variant in VARIANTS:
        with patch.multiple(agreement, **variant):
            for name in sets:
                cases = (compared(live, live, name), compared(live, registry, name))
                found[name].append([figures(name, pairs) for pairs in cases])
    for held in sets:
        others = [name for name in sets if name != held]
        best = min(range(len(VARIANTS)), key=lambda n: sum(error(found[name][n]) for name in others))
        same, cross = found[held][best]
        print(f"{held}: chosen on the others {VARIANTS[best]}")
        for case, one in (("same extractor", same), ("across", cross)):
            print(f"  {case}: EER {one.eer:.2%}, FNMR {one.fnmr_1.fnmr:.1%} at 1 %, {one.fnmr_01.fnmr:.1%} at 0.1 %")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
