"""Pictures: the path of the whole book, the ledger of one trace, the atlas of releases.

The only package that imports Matplotlib. A `Picture` is a Matplotlib figure made without pyplot: as
the last line of a notebook cell it shows itself, once, and `picture.savefig("path.png")` keeps it.
`picture.alt` says in words what it shows.
"""

from lossbook.plots._atlas import atlas
from lossbook.plots._ledger import ledger
from lossbook.plots._path import path

__all__ = ["atlas", "ledger", "path"]
