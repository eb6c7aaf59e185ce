"""trace(): the path of one output, stage by stage; source(): Keras's own lines for a stage."""

from lossbook._trace.keras_source import WHERE, source
from lossbook._trace.trace import Trace, trace
