"""The small things every page is made of."""

from kiosk.api import messages as m
from kiosk.screen.catalogue import Catalogue
from kiosk.screen.flow import pages
from kiosk.screen.present.model import Action, Kind, ScreenModel


def base(screen: pages.Screen, say: Catalogue, name: str) -> ScreenModel:
    """The page `name` with its title and, where the catalogue has one without placeholders, its spoken text."""
    title = say.texts.get(f"{name}.title", "")
    spoken = say.texts.get(f"{name}.spoken", "")
    plain = "" if "{" in spoken else spoken
    office = screen.kiosk.office if screen.kiosk else None
    return ScreenModel(
        screen=name,
        language=screen.language,
        office=text(screen, office) if office else "",
        title=title,
        spoken=plain or title,
    )


def act(say: Catalogue, key: str, kind: Kind, *, id: str | None = None, enabled: bool = True) -> Action:
    return Action(id or key, say.say(f"action.{key}"), kind, enabled=enabled)


def text(screen: pages.Screen, label: m.Label) -> str:
    """An office's own text in the language of the session."""
    return label.en if screen.language == "en" else label.id


def service_name(screen: pages.Screen, service: m.Service) -> str:
    return text(screen, service.name)


def spelled(number: str) -> str:
    """`A-017` to `A 0 1 7`: speech otherwise reads seventeen, and nobody is called by that."""
    return " ".join(number.replace("-", ""))
