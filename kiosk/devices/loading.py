"""Reads a hardware profile: finds the file, merges its base, checks every key, and says exactly what is wrong."""

import difflib
import importlib
import os
import pkgutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kiosk.devices.profile import NO_DRIVER, Profile, ProfileError

SHOWN = 60
"""At most so many characters of a wrong value are repeated in an error."""
INSTALLED = (Path(sys.prefix) / "share/anjungan/hw_profiles", Path("/usr/share/anjungan/hw_profiles"))


def folders() -> list[Path]:
    """Where profiles are looked for by name, first match wins: $ANJUNGAN_PROFILES, source tree, installation."""
    given = [Path(part) for part in os.environ.get("ANJUNGAN_PROFILES", "").split(os.pathsep) if part]
    return [*given, Path(__file__).parents[2] / "hw_profiles", *INSTALLED]


def available() -> list[str]:
    """The names that `load` knows, sorted."""
    return sorted({file.stem for folder in folders() for file in folder.glob("*.toml")})


def find(name: str) -> Path:
    """The file of a profile, from its name or its path. ProfileError with the nearest name if there is none."""
    if "/" in name or name.endswith(".toml"):
        if not Path(name).is_file():
            raise ProfileError(f"{name}: no such profile file")
        return Path(name)
    for folder in folders():
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise ProfileError(f"no profile is called {name!r}{_nearest(name, available())}")


def load(name: str) -> Profile:
    """The complete, checked profile. $ANJUNGAN_CENTRE_URL, if set, takes the place of centre.url. ProfileError."""
    profile, _ = _load(find(name), ())
    return profile


def driver_module(slot: str, driver: str) -> ModuleType:
    """drivers.<slot>.<driver>. ProfileError, naming the drivers there are, if it is not one of them."""
    place = importlib.import_module(f"drivers.{slot}")
    known = sorted(module.name for module in pkgutil.iter_modules(place.__path__))
    if driver not in known:
        raise ProfileError(f"slots.{slot}.driver: no driver is called {driver!r}{_nearest(driver, known)}")
    return importlib.import_module(f"drivers.{slot}.{driver}")


def _load(path: Path, above: tuple[Path, ...]) -> tuple[Profile, dict[str, Any]]:
    if path.resolve() in above:
        raise ProfileError(f"{path}: base: this profile ends up extending itself")
    raw = _read(path)
    base: Profile | None = None
    if isinstance(wanted := raw.get("base"), str):
        beside = path.parent / f"{wanted}.toml"
        try:
            base, under = _load(beside if beside.is_file() else find(wanted), (*above, path.resolve()))
        except ProfileError as error:
            raise ProfileError(*(f"{path}: base: {line}" for line in error.problems)) from error
        raw = _merged(under, raw)
    profile = _checked(path, raw)
    profile._base = base
    profile._source = str(path)
    return profile, raw


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: not TOML: {error}") from error


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merge, everything else is replaced. Another driver in a slot starts from that driver's own options."""
    result = dict(under)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            other_driver = "driver" in value and value["driver"] != old.get("driver")
            result[key] = value if other_driver else _merged(old, value)
        else:
            result[key] = value
    return result


def _checked(path: Path, raw: Mapping[str, Any]) -> Profile:
    data = dict(raw)
    if isinstance(slots := data.get("slots"), dict):
        data["slots"] = {name: slot for name, slot in slots.items() if not _is_empty(slot)}
    url = os.environ.get("ANJUNGAN_CENTRE_URL")
    if url and isinstance(data.get("centre"), dict):
        data["centre"] = data["centre"] | {"url": url}
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(*(f"{path}: {_problem(detail, Profile)}" for detail in error.errors())) from error
    return _with_options(path, profile)


def _is_empty(slot: object) -> bool:
    return isinstance(slot, dict) and slot.get("driver") == NO_DRIVER


def _with_options(path: Path, profile: Profile) -> Profile:
    """Checks each slot's options against its driver's `Options` and fills in the defaults."""
    problems: list[str] = []
    slots: dict[str, Any] = {}
    for name, slot in profile.slots.filled().items():
        try:
            options: type[BaseModel] = driver_module(name, slot.driver).Options
            full = options.model_validate(slot.options).model_dump(mode="json", exclude_none=True)
        except ProfileError as error:
            problems += [f"{path}: {line}" for line in error.problems]
        except ValidationError as error:
            above = ("slots", name, "options")
            problems += [f"{path}: {_problem(detail, options, above)}" for detail in error.errors()]
        else:
            slots[name] = slot.model_copy(update={"options": full})
    if problems:
        raise ProfileError(*problems)
    return profile.model_copy(update={"slots": profile.slots.model_copy(update=slots)})


def _problem(detail: ErrorDetails, model: type[BaseModel], above: Sequence[str] = ()) -> str:
    """One of pydantic's findings as one line: path, what was given, what is right."""
    place = detail["loc"]
    path = _path((*above, *place))
    if detail["type"] == "extra_forbidden":
        names = list(_keys(model, place[:-1]))
        return f"{path}: unknown key{_nearest(str(place[-1]), names)}"
    if detail["type"] == "missing":
        return f"{path}: missing"
    said = detail["msg"].removeprefix("Value error, ")
    if not place:
        return said  # a rule over the whole profile names its own key
    given = repr(detail["input"])
    given = given if len(given) <= SHOWN else given[:SHOWN] + "..."
    return f"{path}: {given} given; {said[:1].lower()}{said[1:]}"


def _path(place: Sequence[int | str]) -> str:
    """("services", 0, "letter") as services[0].letter."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> Sequence[str]:
    """The keys allowed in the table at `place`."""
    here: type[BaseModel] = model
    for part in place:
        if isinstance(part, str):
            if part not in here.model_fields:
                return ()
            inner = _model_in(here.model_fields[part].annotation)
            if inner is None:
                return ()
            here = inner
    return tuple(here.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The pydantic model inside `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple, list):
        return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
    return None


def _nearest(wrong: str, names: Sequence[str]) -> str:
    """`; did you mean 'x'?`, or else what there is."""
    close = difflib.get_close_matches(wrong, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(names)}" if names else ""
