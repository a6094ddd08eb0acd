"""The suite can fail: a file that says what cannot be is refused, and what does not come out so is told."""

from pathlib import Path

import pytest

from tests.scenarios.playing import Unmet, play
from tests.scenarios.stage import NoSuchPolicy
from tests.scenarios.story import BadScenario, read

pytestmark = pytest.mark.anyio
HEAD = 'title = "A try"\ncovers = ["S1"]\n'
MOVE_IN = '[[step]]\nmove_in = { rental = "garage", tenant = "mira", unit = "B-014" }\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "a_try.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MOVE_IN + "expcet.people = []\n", "a_try.toml: step 1 expcet: "),
        (MOVE_IN + MOVE_IN + 'expect.doors.mira.B-014 = "ajar"\n', "a_try.toml: step 2 expect.doors.mira.B-014: "),
        (MOVE_IN + 'expect.vendor_calls = "a few"\n', "step 1 expect.vendor_calls"),
        (MOVE_IN + 'pay = "garage"\n', "one thing a step, not move_in and pay"),
        ("[[step]]\nsettle = false\n", "nothing happens"),
        ("[[step]]\nmove_in = { rental = 7 }\n", "step 1 move_in.rental"),
        ('[weather]\nsky = "grey"\n' + MOVE_IN, "a_try.toml: weather: "),
        ("", "a_try.toml: step: "),
        ("[[step]\n", "a_try.toml: "),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadScenario) as caught:
        read(written(tmp_path, text))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[step]]\npay = "garage"\n', "step 1: there is no rental 'garage'; there are none"),
        (MOVE_IN.replace("mira", "nobody"), "step 1: there is no tenant 'nobody'"),
        (MOVE_IN.replace("B-014", "Z-1"), "step 1: there is no unit 'Z-1'"),
        (MOVE_IN + MOVE_IN.replace("B-014", "B-021"), "step 2: there is a rental 'garage' already"),
        ('[[step]]\nat = "2026-03-04 11:59"\n', "step 1: time does not go back"),
        ('[[step]]\nafter = "a while"\n', "step 1: 'a while' is no length of time"),
        ('[[step]]\nreplay = "unit.updated"\n', "step 1: no delivery of unit.updated is stored"),
    ],
)
async def test_a_step_that_cannot_be_played_is_told(tmp_path: Path, folder: Path, text: str, told: str) -> None:
    with pytest.raises(BadScenario) as caught:
        await play(read(written(tmp_path, text)), folder)
    assert told in str(caught.value)


EVERYTHING_WRONG = """
doors.mira = { B-014 = "closed", B-021 = "open" }
doors.jonas.B-014 = "open"
rentals.garage = { state = "ended", status = "revoked", code = "none", overlocked = true }
people = []
tasks = ["B-014"]
alerts = ["subject_dead"]
answers = ["duplicate"]
deliveries.done = 2
subjects = { ready = 1 }
vendor_writes = 1
platform_writes = "at most 0"
"""
TOLD = """step 1 (move_in)
  door B-014 for mira: open, not closed
  door B-021 for mira: closed, not open
  door B-014 for jonas: no code, not open
  garage: its state is occupied, not ended
  garage: its status is 'granted', not 'revoked'
  garage: overlocked is None, not True
  garage: its code is there, and should not be
  people: ['Mira Okafor'], not []
  tasks: [], not ['B-014']
  alerts: [], not ['subject_dead']
  answers: ['accepted'], not ['duplicate']
  deliveries done: 1, not 2
  subjects: {}, not {'ready': 1}
  vendor_writes: 2, not 1
  platform_writes: 1, not at most 0"""


async def test_all_that_does_not_come_out_as_expected_is_told(tmp_path: Path, folder: Path) -> None:
    wrong = "".join(f"expect.{line}\n" for line in EVERYTHING_WRONG.strip().splitlines())
    with pytest.raises(Unmet) as caught:
        await play(read(written(tmp_path, MOVE_IN + wrong)), folder)
    assert str(caught.value) == TOLD


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("kept", "another one than before"),
        ("new", "one that the tenant had before"),
        ("482913", "not 482913"),
        ("same as attic", "not the same as attic"),
    ],
)
async def test_the_words_for_a_code_tell_codes_apart(tmp_path: Path, folder: Path, word: str, told: str) -> None:
    other = MOVE_IN.replace("garage", "attic").replace("mira", "jonas").replace("B-014", "B-021")
    step = "" if word == "kept" else "[[step]]\nsweep = true\n"
    text = f'{other}{MOVE_IN}{step}expect.rentals.garage.code = "{word}"\n'
    with pytest.raises(Unmet) as caught:
        await play(read(written(tmp_path, text)), folder)
    assert f"garage: its code is {told}" in str(caught.value)


async def test_a_policy_that_the_bridge_does_not_know_is_told(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(NoSuchPolicy, match="on_rainy_days"):
        await play(read(written(tmp_path, f"site.policy.on_rainy_days = true\n{MOVE_IN}")), folder)
