"""How LTX is sampled, as plain arithmetic: schedules, samplers, guidance, Prompt Relay.

Nothing here imports torch or numpy. Samplers and guidance use + - * / only, so they run on tensors and on
floats.
"""

from ltxdsl.sampling import half_snr, negative, res_2s, uni_pc  # noqa: F401 - they fill the table of samplers
from ltxdsl.sampling.guidance import GuidanceScales, apg, combine
from ltxdsl.sampling.samplers import SAMPLERS, Sampler
from ltxdsl.sampling.schedules import SCHEDULES, Schedule, partial, schedule

__all__ = [
    "SAMPLERS",
    "SCHEDULES",
    "GuidanceScales",
    "Sampler",
    "Schedule",
    "apg",
    "combine",
    "partial",
    "schedule",
]
