"""Since when a budget burns. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate

from ..monitoring import WINDOWS, Window
from ..records import Millis, Samples


def burning_since(samples: Samples, objective: float, until: Millis) -> tuple[Millis, Millis | None]:
    """The first of the points, back from `until`, at which some pair of windows agreed without a break; and the one
    before it, at which none did (None where the points do not reach back so far). One must agree at `until`.
    """
    count = _Counts(samples, objective)
    last = bisect_right(samples.times, until)
    since = samples.times[last - 1] if last else until
    for place in range(last - 2, -1, -1):
        at = samples.times[place]
        if not any(count.is_burning(window, at) for window in reversed(WINDOWS)):  # the slowest burns longest
            return since, at
        since = at
    return since, None


class _Counts:
    """Sums over any stretch of the points at the cost of two look-ups."""

    def __init__(self, samples: Samples, objective: float) -> None:
        assert samples.totals is not None
        pairs = zip(samples.values, samples.totals, strict=True)
        finite = [
            (total - good, total) if math.isfinite(good) and math.isfinite(total) and total >= 0 else (0.0, 0.0)
            for good, total in pairs
        ]
        self._times = samples.times
        self._bad = [0.0, *accumulate(bad for bad, _ in finite)]
        self._all = [0.0, *accumulate(total for _, total in finite)]
        self._allowed = 1 - objective

    def is_burning(self, window: Window, at: Millis) -> bool:
        """Whether both windows agreed at that time."""
        return all(self._rate(at - length, at) >= window.factor for length in (window.long, window.short))

    def _rate(self, since: Millis, until: Millis) -> float:
        first, last = bisect_right(self._times, since), bisect_right(self._times, until)
        total = self._all[last] - self._all[first]
        return round(max(0.0, self._bad[last] - self._bad[first]) / total / self._allowed, 9) if total > 0 else 0.0
