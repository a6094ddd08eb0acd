# ruff: noqa: S101 - pytest asserts
"""Whatever a vendor answers: it is said what to do next, nobody is believed gone, and the next run ends well."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import pytest

from bridge.domain.changes import Observed
from bridge.domain.errors import (
    BridgeError,
    OutcomeUnknown,
    RateLimited,
    Unauthorized,
    Unreachable,
)
from bridge.testing import wire as faults
from bridge.testing.conformance.bench import Bench, Driver
from bridge.testing.conformance.suite import GRANTED, NONE, Suite
from bridge.testing.wire import Fault

MAX_CALLS: Final = 60
CROWD: Final = 130

UNREADABLE: Final[Mapping[str, bytes]] = {
    "an empty body": b"",
    "a page of HTML": b"<html><body>Maintenance</body></html>",
    "null": b"null",
    "a number": b"7",
    "a text": b'"ok"',
    "another object": b'{"unexpected": true}',
    "half of an answer": b'{"data": [{"id": "1", "na',
    "no text at all": b"\xff\xfe\x00",
}


def _limited(retry_after: str | None) -> Fault:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return faults.answers(429, '{"message": "slow down"}', headers)


class AnswerChecks(Suite):
    async def test_a_refused_token_is_replaced_once(self) -> None:
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            self.only_if(_signs_in(bench), "this vendor's key does not run out")
            await self._through_the_calls(bench, driver, faults.answers(401, "{}"), expected=())

    async def test_a_refused_key_stops_the_site(self) -> None:
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            self.only_if(bool(bench.wire.requests), "this adapter calls nobody")
            driver.restart()
            bench.wire.arm(faults.answers(401, '{"message": "no"}'), times=None)
            with pytest.raises(Unauthorized):
                await driver.hands.observe()
            with pytest.raises(Unauthorized):
                await self.grant(bench, driver.hands, driver.doors[1])
            bench.wire.mend()
            await self.wish(bench, driver, GRANTED, GRANTED)

    @pytest.mark.parametrize("form", ["seconds", "date", "none"])
    async def test_a_limit_is_kept_until_the_time_that_the_vendor_names(self, form: str) -> None:
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
        fault = _limited({"seconds": "90", "date": later, "none": None}[form])
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            errors = await self._through_the_calls(bench, driver, fault, expected=(RateLimited,))
            assert errors or not bench.wire.requests
            for error in errors:
                assert isinstance(error, RateLimited)
                assert error.retry_after is None if form == "none" else 60 < (error.retry_after or 0) <= 90  # noqa: PLR2004

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_an_error_of_the_vendor_is_tried_again_later(self, status: int) -> None:
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            fault = faults.answers(status, "<html>Bad Gateway</html>", {"Content-Type": "text/html"})
            expected = (Unreachable, OutcomeUnknown)
            errors = await self._through_the_calls(bench, driver, fault, expected=expected, times=2)
            assert errors or not bench.wire.requests

    @pytest.mark.parametrize("what", UNREADABLE)
    async def test_an_unreadable_answer_proves_nothing(self, what: str) -> None:
        fault = faults.answers(200, UNREADABLE[what], {"Content-Type": "application/json"})
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            await self._observed_through(bench, driver, fault)
            await self._through_the_calls(bench, driver, fault, expected=(BridgeError,))

    async def test_an_error_within_a_success_is_an_error(self) -> None:
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            bodies = getattr(bench.simulation, "refusals_in_success", ())
            self.only_if(bool(bodies), "this vendor is not known to refuse with a success")
            for body in bodies:
                await self._observed_through(bench, driver, faults.answers(200, body), may_be_truth=False)
                await self._through_the_calls(bench, driver, faults.answers(200, body), expected=(BridgeError,))

    @pytest.mark.parametrize("broken", ["error", "half", "html"])
    async def test_a_listing_that_breaks_off_is_not_believed(self, broken: str) -> None:
        fault = {
            "error": faults.answers(500, "{}"),
            "half": faults.answers(200, UNREADABLE["half of an answer"]),
            "html": faults.answers(200, UNREADABLE["a page of HTML"]),
        }[broken]
        async with self.bench() as bench:
            bench.simulation.crowd(CROWD)
            driver = await self._with_a_tenant(bench)
            for forgets in (False, True):
                driver.hands.ref = None if forgets else driver.hands.ref
                await self._observed_through(bench, driver, fault)

    async def test_somebody_among_many_is_found(self) -> None:
        async with self.bench() as bench:
            bench.simulation.crowd(CROWD)
            driver = await self._with_a_tenant(bench)
            driver.hands.ref = None
            driver.restart()
            await self.wish(bench, driver, GRANTED)
            await self.wish(bench, driver, GRANTED, GRANTED)

    async def test_a_redirect_is_not_followed(self) -> None:
        async with self.bench() as bench:
            driver = await self._with_a_tenant(bench)
            away = faults.answers(302, b"", {"Location": "https://elsewhere.example/"})
            await self._through_the_calls(bench, driver, away, expected=(BridgeError,))
            assert not [request for request in bench.wire.requests if request.url.host == "elsewhere.example"]

    async def _with_a_tenant(self, bench: Bench) -> Driver:
        driver = bench.driver()
        await self.wish(bench, driver, GRANTED)
        return driver

    async def _observed_through(self, bench: Bench, driver: Driver, fault: Fault, *, may_be_truth: bool = True) -> None:
        """Look with each call broken in turn: what is seen is the truth or an error, never somebody gone."""
        truth = await driver.hands.observe()
        for call in range(MAX_CALLS):
            bench.wire.arm(fault, at=call, times=2)
            seen: Observed | None = None
            with contextlib.suppress(BridgeError):
                seen = await driver.hands.observe()
            had_its_turn = bench.wire.mend()
            if not had_its_turn:
                return
            assert seen is None or (may_be_truth and seen == truth)

    async def _through_the_calls(
        self,
        bench: Bench,
        driver: Driver,
        fault: Fault,
        *,
        expected: tuple[type[BridgeError], ...],
        times: int = 1,
    ) -> list[BridgeError]:
        """Give a second unit with each call broken in turn, and return the errors, all of which were expected."""
        errors: list[BridgeError] = []
        for call in range(MAX_CALLS):
            await self.wish(bench, driver, GRANTED, NONE)
            driver.restart()
            bench.wire.arm(fault, at=call, times=times)
            try:
                await self.grant(bench, driver.hands, driver.doors[1])
            except BridgeError as error:
                errors.append(error)
            if not bench.wire.mend():
                break
        assert all(isinstance(error, expected or (Unauthorized,)) for error in errors), errors
        assert expected or len(errors) <= 1
        await self.wish(bench, driver, GRANTED, GRANTED)
        return errors


def _signs_in(bench: Bench) -> bool:
    return any(b"grant_type=" in request.content for request in bench.wire.requests)
