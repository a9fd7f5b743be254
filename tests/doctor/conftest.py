from collections.abc import Iterator

import pytest

from tests.doctor.scripted_proxy import ScriptedProxy
from tests.rig.space import Space


@pytest.fixture
def through(space: Space) -> Iterator[ScriptedProxy]:
    """A proxy before the server of the module, told what it does."""
    with ScriptedProxy() as proxy:
        proxy.target = space.url
        yield proxy
