"""What is asked of `GET /api/v1/explain`."""

from datetime import UTC, datetime

import pytest

from bridge.domain.ids import SiteId
from bridge.domain.whom import By, Whom
from bridge.web.explain import moment_of, whom_of
from bridge.web.operations import BadRequest
from tests.web.conftest import World


@pytest.mark.parametrize(
    ("query", "whom"),
    [
        ({"tenant": "t1"}, Whom(by=By.TENANT, id="t1")),
        ({"rental": " r1 ", "site": "s1"}, Whom(by=By.RENTAL, id="r1", site=SiteId("s1"))),
        ({"unit": "B 014", "at": "2026-03-05"}, Whom(by=By.UNIT, id="B 014")),
    ],
)
def test_exactly_one_is_named(query: dict[str, str], whom: Whom) -> None:
    assert whom_of(query) == whom


@pytest.mark.parametrize("query", [{}, {"site": "s1"}, {"tenant": "t1", "unit": "u1"}, {"tenant": " "}])
def test_none_or_several_is_a_mistake(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        whom_of(query)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (None, None),
        ("2026-03-05T09:00", datetime(2026, 3, 5, 9)),  # noqa: DTZ001 - the site's wall clock
        ("2026-03-05", datetime(2026, 3, 5)),  # noqa: DTZ001 - the site's wall clock
        ("2026-03-05T09:00Z", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("2026-03-05T09:00:00+00:00", datetime(2026, 3, 5, 9, tzinfo=UTC)),
    ],
)
def test_a_moment_keeps_its_offset_or_has_none(text: str | None, moment: datetime | None) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize("text", ["", "tomorrow", "0001-01-01", "9999-12-31T23:59-14:00", "2026-02-30"])
def test_what_is_no_moment_is_a_mistake(text: str) -> None:
    with pytest.raises(BadRequest, match="ISO 8601"):
        moment_of(text)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?tenant=t1&rental=r1", 400), ("?tenant=t1&at=soon", 400), ("?tenant=t1&site=s1", 404)],
)
async def test_a_mistake_is_answered_with_a_sentence(world: World, query: str, status: int) -> None:
    answer = await world.operator.get(f"/api/v1/explain{query}")
    assert (answer.status_code, list(answer.json())) == (status, ["message"])


@pytest.mark.anyio
async def test_the_answers_shape_is_described(world: World) -> None:
    document = (await world.operator.get("/api/v1/openapi.json")).json()
    described = document["paths"]["/api/v1/explain"]["get"]
    assert [one["name"] for one in described["parameters"]] == ["tenant", "rental", "unit", "site", "at"]
    shape = document["components"]["schemas"]["RentalOut"]
    assert {"checks", "status", "since", "follows", "next_change", "advice"} <= set(shape["required"])
