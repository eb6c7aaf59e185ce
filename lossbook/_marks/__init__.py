"""What a reader's own step is made of: tensors that are marked, and the derivative at them.

A loss of Keras's that is called while a function is measured is marked by itself; the reader marks
others. No model is needed, and no compiled loss: `measured` runs any function that returns a
scalar, in eager mode or in a step that is being compiled.
"""

from lossbook._marks.differentiate import Mark, measured
from lossbook._marks.hooked_losses import names_of_losses
from lossbook._marks.recording import mark
