"""The rules that aggregate losses: releases of Keras, and other libraries."""

from lossbook._rules.epochs_and_extras import batches_alike
from lossbook._rules.families import FAMILIES, KNOWN, Rule
from lossbook._rules.other_libraries import ELSEWHERE
