"""audit(): what the loss of a compiled model does that hardly anyone means."""

from lossbook._audit.as_text import example_code, index, section
from lossbook._audit.audit import audit
from lossbook._audit.finding import HAZARDS, SEVERITIES, SYMPTOMS, Finding, Findings, Hazard
