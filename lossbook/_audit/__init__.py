"""audit(): what the loss of a compiled model does that hardly anyone means."""

from lossbook._audit.audit import audit
from lossbook._audit.finding import CODES, SEVERITIES, Finding, Findings

__all__ = ["CODES", "SEVERITIES", "Finding", "Findings", "audit"]
