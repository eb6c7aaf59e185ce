"""Pictures: the path of the book, the ledger of a trace, the parts of a loss, the atlas.

The only package that imports Matplotlib. A `Picture` is a Matplotlib figure made without pyplot: as
the last line of a notebook cell it shows itself, once, and `picture.savefig("path.png")` keeps it.
`picture.alt` says in words what it shows.
"""

from lossbook.plots._atlas import atlas
from lossbook.plots._explanation import heat_map, waterfall
from lossbook.plots._ledger import ledger
from lossbook.plots._path import path

__all__ = ["atlas", "heat_map", "ledger", "path", "waterfall"]
