"""Prints the figures of this machine: `make bench`."""

from rich.console import Console
from rich.table import Table

from benchmarks import card_job, chip, fingerprint_extraction, fingers, pictures, raster
from benchmarks.rival import ROUNDS, fought


def main() -> None:
    table = Table("ms", "best", "what", "ratio", title=f"median and best of {ROUNDS} rounds", box=None, pad_edge=False)
    for duel in (*pictures.duels(), *fingers.duels()):
        ours, rival = fought(duel)
        table.add_row(f"{ours.median:.1f}", f"{ours.best:.1f}", duel.what, "")
        if rival:
            ratio = f"{rival.median / ours.median:.1f}x"
            table.add_row(f"{rival.median:.1f}", f"{rival.best:.1f}", f"  rival: {duel.rival_name}", ratio)
    Console().print(table)
    card_job.run()
    raster.run()
    chip.run()
    fingerprint_extraction.run()


if __name__ == "__main__":
    main()
