"""What is reported about configs: findings, the codes of problems, their wording, and suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.diagnostics.codes import CODES as CODES
    from modelhub.diagnostics.codes import EXPLANATIONS as EXPLANATIONS
    from modelhub.diagnostics.codes import Code as Code
    from modelhub.diagnostics.finding import Finding as Finding
    from modelhub.diagnostics.finding import Path as Path
    from modelhub.diagnostics.finding import Severity as Severity

_HOMES = {
    "CODES": "codes",
    "Code": "codes",
    "EXPLANATIONS": "codes",
    "Finding": "finding",
    "Path": "finding",
    "Severity": "finding",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
