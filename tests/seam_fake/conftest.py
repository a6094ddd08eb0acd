"""One server of Seam's for a module, and one bridge; each test rents units of its own."""

from collections.abc import Iterator

import pytest

from tests.seam_fake.estate import Estate, opened
from tests.seam_fake.fake import Fake, running


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def estate(fake: Fake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with opened(tmp_path_factory.mktemp("estate"), fake) as one:
        yield one
