"""Pictures: the path, the ledger of a trace, the parts of a loss, lines, the atlas, your own.

The only package that imports Matplotlib. A `Picture` is a Matplotlib figure made without pyplot: as
the last line of a notebook cell it shows itself, once, and `picture.savefig("path.png")` keeps it.
`picture.alt` says in words what it shows.
"""

from lossbook.plots._atlas import atlas
from lossbook.plots._budget import budget
from lossbook.plots._explanation import heat_map, waterfall
from lossbook.plots._grids import collapse, table
from lossbook.plots._ledger import ledger
from lossbook.plots._lines import lines
from lossbook.plots._path import path
from lossbook.plots._subplots import subplots

__all__ = [
    "atlas", "budget", "collapse", "heat_map", "ledger", "lines", "path", "subplots", "table",
    "waterfall",
]  # fmt: skip
