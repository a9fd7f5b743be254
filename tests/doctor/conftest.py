from collections.abc import Iterator

import pytest

from tests.doctor.passage import Passage
from tests.rig.space import Space


@pytest.fixture
def through(space: Space) -> Iterator[Passage]:
    """A proxy before the server of the module, told what it does."""
    with Passage() as passage:
        passage.target = space.url
        yield passage
