"""Asking a house why, and reading what it says."""

from datetime import datetime

from bridge.domain.checks import Check, Verdict
from bridge.domain.explanation import RentalExplanation
from bridge.domain.whom import By, Whom
from tests.service.house import MIRA, House


async def why(house: House, rental: str, *, at: datetime | None = None) -> RentalExplanation:
    """Return the explanation of one rental."""
    told = await house.bridge.explainer.explain(Whom(by=By.RENTAL, id=rental), at=at)
    (subject,) = told.subjects
    (explained,) = subject.rentals
    return explained


async def about(house: House, *, tenant: str = MIRA, at: datetime | None = None) -> list[RentalExplanation]:
    """Return the explanations of all rentals of a tenant, in the order they are told."""
    told = await house.bridge.explainer.explain(Whom(by=By.TENANT, id=tenant), at=at)
    return [rental for subject in told.subjects for rental in subject.rentals]


def not_passed(told: RentalExplanation) -> dict[str, str]:
    """Return the checks that did not pass, with their verdicts."""
    return {check.name: str(check.verdict) for check in told.checks if check.verdict is not Verdict.PASS}


def check(told: RentalExplanation, name: str) -> Check:
    (found,) = (check for check in told.checks if check.name == name)
    return found


def summary(told: RentalExplanation) -> tuple[str, dict[str, str], str]:
    """Return what it comes to, what did not pass, and what to do first."""
    return told.status, not_passed(told), told.advice[0]
