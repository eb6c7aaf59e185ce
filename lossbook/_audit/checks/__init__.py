"""The checks of audit, one file for each family of hazards.

A file holds everything about its hazards: code, severity, chapter and place on the path, the
condition, the message and the fix, and a planted example. Every file of this folder is loaded.
"""

import importlib
import pkgutil

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
