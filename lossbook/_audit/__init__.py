"""audit(): what the loss of a compiled model does that hardly anyone means."""

from lossbook._audit.audit import audit
from lossbook._audit.finding import HAZARDS, SEVERITIES, Finding, Findings, Hazard

__all__ = ["HAZARDS", "SEVERITIES", "Finding", "Findings", "Hazard", "audit"]
