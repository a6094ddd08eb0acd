import base64
import hashlib
import hmac
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.credential import Secret
from bridge.domain.errors import RefusalCause, Refused
from bridge.verification.hmac_header import MAX_ENTRIES, HmacHeader

# The reference's vector (storeganise.md, section 2.3).
SECRET = "whs_test_secret"
BODY = (
    b'{"id":"665f0c1e8a7b2d0015aa1001","type":"unitRental.updated","data":{"unitRentalId":"665f0c1e8a7b2d0015aa2001",'
    b'"changedKeys":["customFields.gate_pin"]},"apiUrl":"https://lakesidebox.storeganise.com/api",'
    b'"addonId":"665f0c1e8a7b2d0015aa9001"}'
)
SIGNATURE = "xaaxKMbUFeCbvamSN6fHHijV9qrj48UX5s0MyJH+R5o="
WRONG = base64.b64encode(bytes(32)).decode()
MAC = hmac.digest(SECRET.encode(), BODY, "sha256")


def verifier(*secrets: str) -> HmacHeader:
    return HmacHeader(header="sg-signature", secrets=[Secret(secret) for secret in secrets or (SECRET,)])


def cause_of(header: str | None, body: bytes = BODY, *secrets: str) -> RefusalCause:
    return refusal_of(header, body, *secrets).cause


def refusal_of(header: str | None, body: bytes = BODY, *secrets: str) -> Refused:
    headers = {} if header is None else {"sg-signature": header}
    with pytest.raises(Refused) as caught:
        verifier(*secrets).verify(headers, body)
    return caught.value


def test_the_references_vector_is_accepted() -> None:
    verifier().verify({"sg-signature": SIGNATURE}, BODY)


def test_a_header_name_is_compared_in_lower_case() -> None:
    HmacHeader(header="SG-Signature", secrets=[Secret(SECRET)]).verify({"sg-signature": SIGNATURE}, BODY)


@pytest.mark.parametrize("header", [None, "", "   ", "\t"])
def test_no_signature_is_missing(header: str | None) -> None:
    assert cause_of(header) is RefusalCause.MISSING_SIGNATURE


@pytest.mark.parametrize(
    "body",
    [BODY + b"\n", BODY.replace(b"updated", b"updatee"), BODY.replace(b":", b": "), BODY[:-1], b""],
    ids=["newline added", "one byte changed", "serialised again", "cut short", "empty"],
)
def test_a_body_changed_in_any_way_is_refused(body: bytes) -> None:
    assert cause_of(SIGNATURE, body) is RefusalCause.WRONG_SIGNATURE


def test_another_secrets_signature_is_refused() -> None:
    assert cause_of(SIGNATURE, BODY, "another") is RefusalCause.WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (MAC.hex(), "hex"),
        (MAC.hex().upper(), "hex"),
        (f"sha256={MAC.hex()}", "sha256="),
        (f"sha256={SIGNATURE}", "sha256="),
        (SIGNATURE.rstrip("="), "unpadded"),
        (SIGNATURE.replace("+", "-"), "URL-safe"),
        (base64.b64encode(MAC[:16]).decode(), "32 bytes"),
        ("not a signature", "32 bytes"),
        (",,,", "32 bytes"),
    ],
)
def test_another_grammar_is_refused_with_a_hint_for_the_operator(header: str, hint: str) -> None:
    refusal = refusal_of(header)
    assert refusal.cause is RefusalCause.MALFORMED_SIGNATURE
    assert hint in refusal.hint


def test_base64_with_stray_bits_at_its_end_is_refused() -> None:
    stray = SIGNATURE[:-2] + chr(ord(SIGNATURE[-2]) + 1) + "="
    assert base64.b64decode(stray) == MAC
    assert cause_of(stray) is RefusalCause.WRONG_SIGNATURE


@pytest.mark.parametrize(
    "header",
    [
        f"{WRONG},{SIGNATURE}",
        f"junk, {SIGNATURE}",
        f",,{SIGNATURE},",
        f"{WRONG},  {SIGNATURE}  ",
        f"===,{SIGNATURE}",
        f"schl\u00fcssel,{SIGNATURE}",
        f"\ud800,{SIGNATURE}",
        f"{SIGNATURE},{WRONG}",
    ],
)
def test_one_good_entry_among_junk_is_enough(header: str) -> None:
    verifier().verify({"sg-signature": header}, BODY)


@pytest.mark.parametrize(
    "header",
    ["A" * 65_536, ",".join([WRONG] * 10_000), ",".join(["x"] * (MAX_ENTRIES + 1)), "," * 65_536 + SIGNATURE],
    ids=["64 KB", "10 000 signatures", "one entry too many", "64 KB of commas"],
)
def test_an_endless_header_is_refused_quickly(header: str) -> None:
    began = time.perf_counter()
    assert cause_of(header) is RefusalCause.MALFORMED_SIGNATURE
    assert time.perf_counter() - began < 1.0


def test_a_good_entry_behind_more_than_the_bound_is_not_looked_for() -> None:
    verifier().verify({"sg-signature": "x," * (MAX_ENTRIES - 1) + SIGNATURE}, BODY)
    assert cause_of("x," * MAX_ENTRIES + SIGNATURE) is RefusalCause.MALFORMED_SIGNATURE


def test_the_old_and_the_new_secret_are_good_while_one_is_rotated() -> None:
    rotating = verifier("new", SECRET)
    rotating.verify({"sg-signature": SIGNATURE}, BODY)
    new = base64.b64encode(hmac.digest(b"new", BODY, hashlib.sha256)).decode()
    rotating.verify({"sg-signature": new}, BODY)


def test_an_old_secret_is_refused_once_it_is_gone() -> None:
    assert cause_of(SIGNATURE, BODY, "new") is RefusalCause.WRONG_SIGNATURE


@pytest.mark.parametrize("secrets", [(), ("",), ("  \n",), (SECRET, "")])
def test_a_blank_secret_never_makes_a_verifier(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="blank"):
        HmacHeader(header="sg-signature", secrets=[Secret(secret) for secret in secrets])


def test_every_secret_is_compared_with_every_entry_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def counting(ours: bytes, theirs: bytes) -> bool:
        compared.append((ours, theirs))
        return compare(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    verifier(SECRET, "second", "third").verify({"sg-signature": f"{SIGNATURE},{WRONG}"}, BODY)
    assert len(compared) == 6


@pytest.mark.parametrize("header", [None, "junk", WRONG])
def test_a_missing_and_a_malformed_header_cost_the_same_signing_as_a_wrong_one(
    header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed: list[bytes] = []
    digest = hmac.digest

    def counting(key: bytes, body: bytes, kind: str) -> bytes:
        signed.append(key)
        return digest(key, body, kind)

    monkeypatch.setattr(hmac, "digest", counting)
    refusal_of(header, BODY, "one", "two")
    assert signed == [b"one", b"two"]


def test_no_refusal_repeats_a_header_or_a_secret() -> None:
    for header in ("sha256=topsecret", MAC.hex(), "topsecret", WRONG):
        refusal = refusal_of(header)
        assert header not in str(refusal)
        assert SECRET not in str(refusal)


@settings(deadline=None)
@given(header=st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")), body=st.binary())
def test_nothing_but_a_refusal_is_ever_raised(header: str, body: bytes) -> None:
    with pytest.raises(Refused):
        verifier().verify({"sg-signature": header}, body)


@settings(deadline=None)
@given(body=st.binary(), secret=st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()))
def test_whatever_was_signed_rightly_is_accepted(body: bytes, secret: str) -> None:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    verifier(secret).verify({"sg-signature": signature}, body)
