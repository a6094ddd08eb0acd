"""When a database is not believed, and on which host it is served."""

import pytest

from bridge.domain.trust import ANOTHER, NOT_HERE, OLDER, Mark, doubt_about, is_elsewhere

MARK = Mark(database="ours", entry=7, chain="c7", machine="one")


@pytest.mark.parametrize(
    ("mark", "database", "chain", "is_shared", "why"),
    [
        (None, None, None, False, None),
        (None, None, None, True, None),
        (None, "ours", None, False, NOT_HERE),
        (None, "ours", None, True, None),
        (MARK, "ours", "c7", False, None),
        (MARK, "ours", "c7", True, None),
        (MARK, "ours", None, False, OLDER),
        (MARK, "ours", None, True, OLDER),
        (MARK, "ours", "another", False, OLDER),
        (MARK, "theirs", "c7", False, ANOTHER),
        (MARK, "theirs", None, True, ANOTHER),
        (MARK, None, "c7", False, None),
        (MARK, None, None, False, OLDER),
    ],
)
def test_a_database_is_believed_that_has_all_that_was_seen_here(
    mark: Mark | None, database: str | None, chain: str | None, *, is_shared: bool, why: str | None
) -> None:
    assert doubt_about(mark, database=database, chain=chain, is_shared=is_shared) == why


@pytest.mark.parametrize(
    ("mark", "machine", "elsewhere"),
    [(None, "one", False), (MARK, "one", False), (MARK, "two", True), (MARK, None, False)],
)
def test_a_host_that_does_not_say_who_it_is_is_not_another(
    mark: Mark | None, machine: str | None, *, elsewhere: bool
) -> None:
    assert is_elsewhere(mark, machine) is elsewhere
