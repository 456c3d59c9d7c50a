"""What is said of configs: findings, the codes of problems, the words for them, and what was probably meant."""

from modelhub.diagnostics.codes import CODES, EXPLANATIONS, Code
from modelhub.diagnostics.finding import Finding, Path, Severity

__all__ = ["CODES", "EXPLANATIONS", "Code", "Finding", "Path", "Severity"]
