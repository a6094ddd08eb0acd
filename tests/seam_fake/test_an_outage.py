"""Seam takes no new codes for a while: nothing is lost, and nothing is said that is not so."""

from pathlib import Path

import httpx

from tests.flow.house import until
from tests.seam_fake.estate import opened
from tests.seam_fake.fake import FRONT, running


def test_a_move_in_during_an_outage_is_granted_after_it(tmp_path: Path) -> None:
    with running() as broken:
        port = httpx.URL(broken.url).port
        broken.fail_at("/access_codes/create")
        with opened(tmp_path, broken) as estate:
            rental = estate.rent(FRONT)
            estate.tell_move_in(rental)
            until(lambda: '"outcome": "retryat", "why": "POST 127.0.0.1: 503"' in estate.bridge.output)
            assert broken.codes_at(FRONT) == []
            assert estate.field(rental, "seam_status") != "granted"
            broken.stop()
            with running(port) as mended:
                estate.until_status(rental, "granted")
                code = mended.code_of(FRONT, rental.tenant)
                assert code is not None
                assert code["code"] == estate.field(rental, "seam_pinCode")
