"""Known codes, keys and signatures are put in, everything that comes out is searched for them."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.house import API_KEY, SECRET, SITE, STORE_KEY, House, sandboxed, sign, until

TYPED = "730519"
REFUSED = "111111"


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        yield house


def test_no_code_key_or_signature_is_in_any_output(lone_house: House) -> None:
    house = lone_house
    said: list[str] = []
    signatures: list[str] = []

    def tell(number: int, type: str, **data: object) -> None:  # noqa: A002 - the sender's word
        body = {"id": f"secret-{number}", "type": type, "data": data}
        answer = house.post(bridge, body)
        signatures.append(answer.request.headers["sg-signature"])
        said.append(answer.text)

    with house.serving() as bridge:
        made = house.new_rental(1)
        tell(1, "job.unit_moveIn.completed", jobId=made["moveInJobId"])
        code = house.until_code(made["id"])

        # Staff type a code that the gate takes, and one that it may not have.
        house.act(f"rentals/{made['id']}/edit", {"customFields": {"gate_pinCode": TYPED}})
        tell(2, "unitRental.updated", unitRentalId=made["id"], changedKeys=["customFields.gate_pinCode"])
        until(lambda: house.opens(made["target"], TYPED))
        house.act(f"rentals/{made['id']}/edit", {"customFields": {"gate_pinCode": REFUSED}})
        tell(3, "unitRental.updated", unitRentalId=made["id"], changedKeys=["customFields.gate_pinCode"])
        until(lambda: house.fields(made["id"])["gate_pinCode"] == TYPED)

        # The gate refuses with the code in its words, stalls, breaks; the platform breaks too.
        other = house.new_rental(2)
        for fault in (
            {"kind": "error_in_200", "code": "odd", "text": f"code {TYPED} or {code} is odd", "count": 1},
            {"kind": "fail", "status": 500, "count": 2},
            {"kind": "garbage", "body": f"<html>{TYPED}", "count": 1},
        ):
            house.http.post(f"{house.gate}/sandbox/faults", json=fault).raise_for_status()
        api = {"kind": "status", "status": 500, "remaining": 1}
        house.http.put(f"{house.platform}/sandbox/faults", json={"api": api}).raise_for_status()
        tell(4, "job.unit_moveIn.completed", unitRentalId=other["id"])
        until(lambda: house.fields(other["id"]).get("gate_status"))

        # Wrong signatures, an unusable body, another host.
        for number in range(5):
            wrong = house.post(bridge, {"id": f"w{number}", "type": "t", "data": {}}, secret="another-secret")
            said.append(wrong.text)
        said.append(house.post(bridge, b"junk").text)
        tell(9, "unitRental.updated", unitRentalId=made["id"], apiUrl="x")
        foreign = {"id": "f", "type": "unitRental.updated", "data": {"unitRentalId": made["id"]}}
        house.post(bridge, {**foreign, "apiUrl": "https://evil.example/api"})
        until(lambda: any(alert["what"] == "delivery_dead" for alert in house.run_json("alerts")))

        for arguments in (
            ("deliveries", "list"),
            ("deliveries", "list", "--json"),
            ("deliveries", "show", "2"),
            ("deliveries", "show", "2", "--json"),
            ("deliveries", "replay", "3"),
            ("alerts",),
            ("alerts", "--json"),
            ("explain", "--rental", made["id"]),
            ("explain", "--rental", other["id"], "--json"),
            ("explain", "--unit", other["target"], "--at", "2030-01-01"),
            ("who",),
            ("who", "--json"),
            ("who", "--at", "2020-01-01", "--door", made["target"]),
            ("ledger", "verify"),
            ("ledger", "export"),
            ("ledger", "export", "--format", "csv"),
            ("erase", "--tenant", made["ownerId"], "--reason", "asked", "--yes"),
            ("check",),
            ("check", "--json"),
            ("db", "upgrade"),
        ):
            done = house.run(*arguments)
            said += [done.stdout, done.stderr]
        said.append(house.http.get(f"http://127.0.0.1:{bridge.port}/metrics").text)
        said.append(house.http.get(f"{house.platform}/sandbox/board").text)
        said.append(house.http.get(f"{house.platform}/").text)
        said.append(house.http.get(f"{house.gate}/sandbox/state").text)
        files = {
            file.name: file.read_bytes() for file in house.folder.iterdir() if file.name.startswith("gatebridge.db")
        }
        assert bridge.stop() == 0
        said.append(bridge.output)
    files |= {file.name: file.read_bytes() for file in house.folder.iterdir() if file.name.startswith("gatebridge.db")}
    assert len(bridge.output) > 1000, "the log was read"
    assert "gatebridge_ack_seconds" in "".join(said)

    codes = [code, TYPED, REFUSED, house.fields(other["id"]).get("gate_pinCode") or code]
    keys = [API_KEY, SECRET, STORE_KEY, sign(b"x"), *signatures]
    output = "\n".join(said)
    for secret in (*codes, *keys):
        assert not any(form in output for form in _forms(secret)), "a secret got out"
        for name, content in files.items():
            assert not any(form.encode() in content for form in _forms(secret)), f"a secret is in {name}"


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    return {secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")}


def test_the_page_shows_codes_only_when_asked(lone_house: House) -> None:
    house = lone_house
    with house.serving() as bridge:
        rental = house.new_rental(3)
        house.post(bridge, {"id": "p", "type": "job.unit_moveIn.completed", "data": {"unitRentalId": rental["id"]}})
        code = house.until_code(rental["id"])
    assert code not in house.http.get(f"{house.platform}/sandbox/board").text
    assert code in house.http.get(f"{house.platform}/sandbox/board?codes=show").text
    assert SITE in house.http.get(f"{house.platform}/sandbox/board").text
