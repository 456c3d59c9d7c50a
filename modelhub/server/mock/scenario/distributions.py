"""How long something takes: always the same, or drawn."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["fixed", "uniform", "normal", "lognormal"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Seconds, never less than 0.

    ``a`` and ``b`` are the least and the most of a uniform distribution, the mean and the deviation of a normal one,
    the median and sigma (the deviation of the logarithm) of a lognormal one; of a fixed time, ``a`` is all.
    """

    kind: Kind = "fixed"
    a: float = 0.0
    b: float = 0.0

    def draw(self, dice: random.Random) -> float:
        """The seconds for one request."""
        match self.kind:
            case "uniform":
                return dice.uniform(self.a, self.b)
            case "normal":
                return max(0.0, dice.normalvariate(self.a, self.b))
            case "lognormal":
                return self.a * math.exp(self.b * dice.normalvariate(0.0, 1.0))
        return self.a


NO_TIME = Distribution()
