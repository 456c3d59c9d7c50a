"""The vendors' own batch APIs: jobs of many requests at a lower price, which take up to a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.bulk.vendor.carrier import VendorCarrier as VendorCarrier
    from modelhub.bulk.vendor.pauses import Pauses as Pauses

_HOMES = {"Pauses": "pauses", "VendorCarrier": "carrier"}

__getattr__ = build_face(__name__, _HOMES)
