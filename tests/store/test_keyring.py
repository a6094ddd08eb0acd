"""Gate codes are sealed, compared without being opened, and the key is its owner's alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.domain.credential import GateCode, Secret
from bridge.domain.errors import ConfigurationError, PermanentError
from bridge.store import KeyFile, Keyring
from tests.contracts.store_builders import a_key

CODE = GateCode("482913")
KEYRING = Keyring(Secret("k" * 32))
OTHER = Keyring(Secret("j" * 32))


def test_a_sealed_code_opens_for_its_subject() -> None:
    assert KEYRING.open(a_key(), KEYRING.seal(a_key(), CODE)) == CODE


def test_two_seals_of_one_code_differ() -> None:
    assert KEYRING.seal(a_key(), CODE) != KEYRING.seal(a_key(), CODE)


def test_a_seal_moved_to_another_tenant_does_not_open() -> None:
    with pytest.raises(PermanentError):
        KEYRING.open(a_key("other"), KEYRING.seal(a_key(), CODE))


@pytest.mark.parametrize("place", [0, 1, 13, -1])
def test_a_changed_seal_does_not_open(place: int) -> None:
    sealed = bytearray(KEYRING.seal(a_key(), CODE))
    sealed[place] ^= 1
    with pytest.raises(PermanentError):
        KEYRING.open(a_key(), bytes(sealed))


def test_a_cut_seal_does_not_open() -> None:
    with pytest.raises(PermanentError):
        KEYRING.open(a_key(), KEYRING.seal(a_key(), CODE)[:6])


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(PermanentError):
        OTHER.open(a_key(), KEYRING.seal(a_key(), CODE))


def test_equal_codes_of_a_site_have_one_fingerprint_and_others_do_not() -> None:
    mine, same = KEYRING.fingerprint(a_key("t1"), CODE), KEYRING.fingerprint(a_key("t2"), CODE)
    others = {
        KEYRING.fingerprint(a_key("t1", site="elsewhere"), CODE),
        KEYRING.fingerprint(a_key("t1"), GateCode("482914")),
        OTHER.fingerprint(a_key("t1"), CODE),
    }
    assert mine == same
    assert mine not in others


def test_a_keyring_shows_nothing() -> None:
    assert repr(KEYRING) == "<keyring>"


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Keyring(Secret("short"))
    assert caught.value.key == "store.key"


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    made = KeyFile(tmp_path / "state").load_or_make()
    assert KeyFile(tmp_path / "state").load_or_make().check_value() == made.check_value()
    assert KeyFile(tmp_path / "state").load().check_value() == made.check_value()
    (file,) = (tmp_path / "state").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    KeyFile(tmp_path).load_or_make()
    (file,) = tmp_path.iterdir()
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        KeyFile(tmp_path).load_or_make()
    assert caught.value.key == "store.key"


def test_an_empty_key_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    KeyFile(tmp_path).load_or_make()
    (file,) = tmp_path.iterdir()
    file.write_text("")
    with pytest.raises(ConfigurationError, match="no usable key"):
        KeyFile(tmp_path).load_or_make()
    assert file.read_text() == ""


def test_a_key_file_that_is_missing_is_said_so_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="put it back") as caught:
        KeyFile(tmp_path).load()
    assert caught.value.key == "store.key"
    assert not list(tmp_path.iterdir())


def test_of_many_who_make_a_key_at_once_all_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = threads.map(lambda _: KeyFile(tmp_path / "state").load_or_make().check_value(), range(32))
        assert len(set(made)) == 1
    assert len(list((tmp_path / "state").iterdir())) == 1


def test_a_folder_that_cannot_be_made_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as caught:
        KeyFile(tmp_path / "file" / "state").load_or_make()
    assert caught.value.key == "store.key"
