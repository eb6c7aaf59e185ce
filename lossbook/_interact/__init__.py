"""The interactive ledger: a trace whose losses, mask, weights and rule can be changed by hand.

`ledger.js` does what happens in the browser; the modules here make its state of a trace, and the
table that stands where no script runs.
"""

from lossbook._interact.from_trace import ledger_of
from lossbook._interact.ledger import Ledger
