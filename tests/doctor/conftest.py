from collections.abc import Iterator

import pytest

from tests.doctor.scripted_proxy import ScriptedProxy
from tests.rig.space import Space


@pytest.fixture
def proxy(space: Space) -> Iterator[ScriptedProxy]:
    """A proxy in front of the module's server; a test scripts what it does."""
    with ScriptedProxy() as proxy:
        proxy.target = space.url
        yield proxy
