"""What an operator sees of Seam before the first tenant."""

import pytest

from tests.flow.house import SITE
from tests.seam_fake.estate import Estate, configure
from tests.seam_fake.fake import BACK, BATHROOM, FRONT, Fake


def test_the_locks_are_listed_to_be_mapped(estate: Estate) -> None:
    listed = estate.house.run_json("targets", "--site", SITE)
    assert {FRONT, BACK, BATHROOM} <= {target["id"] for target in listed["targets"]}


def test_check_is_content_with_the_workspace(estate: Estate) -> None:
    done = estate.house.run("check")
    assert "answers for the sandbox workspace My Workspace; it has 3 locks" in done.stdout


@pytest.mark.parametrize("key", ["seam_wrong_key", "not-a-key"])
def test_a_wrong_key_is_told_with_what_to_do(estate: Estate, fake: Fake, key: str) -> None:
    try:
        configure(estate.house, fake, key)
        done = estate.house.run("check")
    finally:
        configure(estate.house, fake)
    assert done.returncode == 1
    assert "options.api_key" in done.stdout
    assert key not in done.stdout + done.stderr
