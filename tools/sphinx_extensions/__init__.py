"""What the site's build does with our pages; each module with a `setup` is an extension of Sphinx.

All of them at once are the extension `tools.sphinx_extensions`.
"""

import importlib
import pkgutil


def setup(app):
    """Set up every module here, and in the rooms."""
    for found in pkgutil.walk_packages(__path__, f"{__name__}."):
        module = importlib.import_module(found.name)
        if hasattr(module, "setup"):
            module.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
