"""Every text of the screen: one language per pair of TOML files. Indonesian is the source; the others have its keys."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

UNKNOWN = "unknown"


@dataclass(frozen=True)
class CauseTexts:
    """What each reader is told about one cause. None of it names a person."""

    short: str
    """One line, for the status bar or a tile."""
    resident: str
    """What happened."""
    now: str
    """What the resident does now."""
    clerk: str
    log: str


@dataclass(frozen=True)
class Catalogue:
    language: str
    texts: dict[str, str]
    """By dotted key, `idle.title`."""
    causes: dict[str, CauseTexts]

    def say(self, key: str, **values: object) -> str:
        """The text with its `{placeholders}` filled. KeyError for a missing key or value: a bug."""
        return self.texts[key].format(**values)

    def cause(self, cause: str) -> CauseTexts:
        """The texts for a cause; those of `unknown` for one that a newer kioskd has invented."""
        return self.causes.get(cause) or self.causes[UNKNOWN]


@cache
def catalogue(language: str) -> Catalogue:
    """The texts of `id` or `en`. FileNotFoundError for a language that is not there."""
    here = files(__name__)
    texts = tomllib.loads(here.joinpath(f"{language}.toml").read_text("utf-8"))
    causes = tomllib.loads(here.joinpath(f"causes.{language}.toml").read_text("utf-8"))
    return Catalogue(language, _flat(texts), {name: CauseTexts(**entry) for name, entry in causes.items()})


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
