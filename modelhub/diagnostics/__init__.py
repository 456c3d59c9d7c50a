"""What is reported about configs: findings, the codes of problems, their wording, and suggestions."""

from modelhub.diagnostics.codes import CODES, EXPLANATIONS, Code
from modelhub.diagnostics.finding import Finding, Path, Severity

__all__ = ["CODES", "EXPLANATIONS", "Code", "Finding", "Path", "Severity"]
