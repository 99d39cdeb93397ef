"""Keeps what the simulated printers put out as files: slips as PNG and text, card faces as PNG."""

from collections.abc import Callable
from pathlib import Path

from sim.world import Event


class Printed:
    """Watches a world. Files are numbered from 001 and overwrite those of an earlier run."""

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        """Makes `folder` if need be; OSError if that fails. `say` is told the name of each file."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._say = say
        self._slips = 0
        self._cards = 0

    def see(self, event: Event) -> None:
        """A World's watcher."""
        match event:
            case Event("slip", slip=slip) if slip is not None:
                self._slips += 1
                path = self._folder / f"slip-{self._slips:03d}.png"
                slip.picture.save(path)
                path.with_suffix(".txt").write_text(slip.text + "\n", encoding="utf-8")
            case Event("card-printed", card=card) if card is not None and card.front is not None:
                self._cards += 1
                path = self._folder / f"card-{self._cards:03d}.png"
                card.front.save(path)
                if card.back is not None:
                    card.back.save(path.with_stem(f"{path.stem}-back"))
            case _:
                return
        self._say(str(path))
