"""How many images McNemar's test would need to see a difference as large as the one found."""

from math import ceil, sqrt
from statistics import NormalDist

LEVEL = 0.05
POWER = 0.8
NO_REALISTIC_NUMBER = 10_000_000


def rows_needed(
    only_one: int, only_other: int, rows: int, level: float = LEVEL, power: float = POWER
) -> int | None:
    """Images in all that show the difference at `level`, two-sided, with probability `power`.

    only_one, only_other: of `rows` images, those that only the one, only the other gets right;
    their shares are taken for the truth. The normal approximation of Connor, "Sample size for
    testing differences in proportions for the paired-sample design", Biometrics 43 (1987). None
    where the two are level, or more than 10 million images would be needed.
    """
    difference = abs(only_one - only_other) / rows
    discordant = (only_one + only_other) / rows
    if not difference:
        return None
    normal = NormalDist()
    chance, success = normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)
    spread = sqrt(discordant - difference**2)
    needed = ((chance * sqrt(discordant) + success * spread) / difference) ** 2
    return ceil(needed) if needed <= NO_REALISTIC_NUMBER else None
