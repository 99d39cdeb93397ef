"""python-escpos with its table of printers, imported without what that costs the library by itself.

python-escpos 3.1 reads its capabilities.json as YAML, in plain Python, at each import (0.35 s on a laptop, seconds on a
Raspberry Pi), unless it finds the same as a pickle in $ESCPOS_CAPABILITIES_PICKLE_DIR; and whether it
finds one or not, it leaves a fresh temporary directory behind. All JSON is YAML: here the json module reads the file,
and pickle and directories live for as long as the import takes. If the library looks for the pickle under another name
one day, it reads its YAML as before.
"""

import importlib.util
import json
import os
import pickle
import platform
import tempfile
from pathlib import Path
from types import ModuleType

FOLDER = "ESCPOS_CAPABILITIES_PICKLE_DIR"
OTHER_TABLE = "ESCPOS_CAPABILITIES_FILE"


def _imported() -> ModuleType:
    found = importlib.util.find_spec("escpos")
    if found is None or found.origin is None or FOLDER in os.environ or OTHER_TABLE in os.environ:
        return importlib.import_module("escpos.capabilities")  # or its own error, that it is not there
    table = json.loads((Path(found.origin).parent / "capabilities.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="anjungan-escpos-") as folder:
        (Path(folder) / f"{platform.python_version()}.capabilities.pickle").write_bytes(pickle.dumps(table))
        usual, tempfile.tempdir = tempfile.tempdir, folder
        os.environ[FOLDER] = folder
        try:
            return importlib.import_module("escpos.capabilities")
        finally:
            tempfile.tempdir = usual
            del os.environ[FOLDER]


CAPABILITIES = _imported()
