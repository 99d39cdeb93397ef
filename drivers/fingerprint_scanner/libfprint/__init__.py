"""Readers that libfprint drives and that give images (U.are.U 4000 and 4500 class): the kiosk host compares.

libfprint runs in a helper process under the system's Python (`helper.py`); this package talks to it over a pipe, so a
fault in a C library or a missing binding ends the helper and not the kiosk. `Extractor` offers libfprint's minutiae
detector for the images of any scanner. Packages: libfprint-2-2, gir1.2-fprint-2.0, python3-gi.
"""

from drivers.fingerprint_scanner.libfprint.driver import Driver
from drivers.fingerprint_scanner.libfprint.extractor import Extractor
from drivers.fingerprint_scanner.libfprint.links import link
from drivers.fingerprint_scanner.libfprint.options import Options
from drivers.transport.base import Connector


def link_over(connector: Connector) -> Connector:
    """Any byte stream with a helper, or one that plays it, at its other end."""
    return connector


__all__ = ["Driver", "Extractor", "Options", "link", "link_over"]
