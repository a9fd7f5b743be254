"""Makes full garbage collections rare.

A full collection stops all threads while it visits all objects: 150 ms with the panel loaded, 230
ms with 40,000 cached sessions besides, and as often as every few thousand requests
(docs/decisions/0014-full-collections-are-rare.md).
"""

import gc

_GENERATION_0, _GENERATION_1, _GENERATION_2 = 10_000, 20, 20
"""The thresholds of the three generations, by default 700, 10 and 10. A cached session has about
16 objects."""


def freeze_gc() -> None:
    """Exclude all existing objects from collections, and make the others rarer.

    For the end of a start, during which the collector may be off: what is loaded by then stays
    until the process ends.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(_GENERATION_0, _GENERATION_1, _GENERATION_2)
