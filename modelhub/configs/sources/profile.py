"""Which profile is in effect."""

from __future__ import annotations

import os


def select_profile(profile: str | None) -> str | None:
    """The profile that is asked for, else $MODELHUB_PROFILE; an empty name means no profile.

    Blanks and line ends around the name in the variable do not count: files that set variables often leave one.
    """
    return (os.environ.get("MODELHUB_PROFILE", "").strip() if profile is None else profile) or None
