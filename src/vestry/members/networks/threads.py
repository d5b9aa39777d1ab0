"""How many cores a network trains on, and how a process that trains should be started.

Measured on two cores (AMD Zen 4) over the ten networks of `benchmarks/networks.toml`: a second core
pays from about ten million multiply-adds a batch upwards and gains little or nothing below. There
a single core also leaves the other to the next member.
"""

import math
from collections.abc import Sequence

from vestry.members.networks.layers import Conv, Dense, pair
from vestry.members.networks.tracing import TracedLayer

MULTIPLY_ADDS_PER_CORE = 5_000_000
MOST_CORES = 8

PROCESS_ENVIRONMENT = {"GOMP_SPINCOUNT": "3000"}
"""Environment of a process that trains; read when torch is loaded, so it cannot be set later.

Between two parallel pieces of work OpenMP's threads wait in a busy loop, by default for
milliseconds. Where another program wants the core too, each wait then costs a turn of the
scheduler, and training all but stands still. After 3,000 rounds, some ten microseconds, the thread
sleeps instead: that costs a little on a machine at rest and saves the run on a busy one.
"""


def multiply_adds(traced: Sequence[TracedLayer]) -> int:
    """Of one image through the convolutions and dense layers, forward."""
    count = 0
    for step in traced:
        match step.layer:
            case Conv() as layer:
                count += (
                    math.prod(step.output_shape)
                    * math.prod(pair(layer.kernel))
                    * step.input_shape[2]
                )
            case Dense():
                count += step.input_shape[0] * step.output_shape[0]
    return count


def network_threads(traced: Sequence[TracedLayer], batch_size: int) -> int:
    """One core for each five million multiply-adds of a batch, from one to eight."""
    wanted = multiply_adds(traced) * batch_size // MULTIPLY_ADDS_PER_CORE
    return min(max(wanted, 1), MOST_CORES)
