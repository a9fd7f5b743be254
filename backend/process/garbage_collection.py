"""The garbage collector, kept away from what lives long.

A full collection stops every thread while it looks at every object: 150 ms with the panel loaded,
230 ms with 40,000 remembered sessions besides, and as often as every few thousand requests
(docs/decisions/0014-full-collections-are-rare.md).
"""

import gc

_GENERATION_0, _GENERATION_1, _GENERATION_2 = 10_000, 20, 20
"""New objects until the youngest are looked at; how often until older ones are, and then all:
by default 700, 10 and 10. A session that is remembered is about 16 such objects."""


def freeze_gc() -> None:
    """Have the collector pass over everything there is now, and look at the rest less often.

    For the end of a start, for which the collector may be off: what has been loaded by then stays
    until the process ends.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(_GENERATION_0, _GENERATION_1, _GENERATION_2)
