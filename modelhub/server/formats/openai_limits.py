"""OpenAI's headers about rate limits: https://platform.openai.com/docs/guides/rate-limits"""

from __future__ import annotations

from modelhub.server.formats.standing import Standing


def build_limit_headers(standing: Standing) -> dict[str, str]:
    """What is left of each limit, and when all of it is there again."""
    headers: dict[str, str] = {}
    for name, meter in (("requests", standing.requests), ("tokens", standing.tokens)):
        if meter is not None:
            headers[f"x-ratelimit-limit-{name}"] = f"{meter.limit:.0f}"
            headers[f"x-ratelimit-remaining-{name}"] = f"{int(meter.left)}"
            headers[f"x-ratelimit-reset-{name}"] = build_duration(meter.full_in)
    return headers


def build_duration(seconds: float) -> str:
    """Seconds as the vendor writes them: ``350ms``, ``8.64s``, ``6m0s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{minutes:.0f}m{rest:.6g}s" if minutes else f"{rest:.6g}s"
