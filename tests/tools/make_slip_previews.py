"""Prints the specimen slips on the simulated printer and keeps them as docs/slip-*.png.

python -m tests.tools.make_slip_previews
"""

from pathlib import Path

from sim.clock import run
from tests.kiosk.slips.samples import SLIPS, paper

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    for name, blocks in SLIPS.items():
        picture, _ = run(paper(blocks))
        path = DOCS / f"slip-{name}.png"
        picture.convert("1").save(path, optimize=True)
        print(path)


if __name__ == "__main__":
    main()
