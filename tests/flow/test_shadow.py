"""A bridge whose site is in shadow, as real processes over loopback."""

from pathlib import Path

from tests.flow.house import SITE, sandboxed, until


def test_a_site_in_shadow_is_served_and_reported_on(tmp_path: Path) -> None:
    with sandboxed(tmp_path) as house:
        text = house.file.read_text(encoding="utf-8")
        house.file.write_text(text.replace('adapter = "simulator"', 'adapter = "simulator"\nmode = "shadow"'))
        rental = house.new_rental(1)
        with house.serving() as bridge:
            event = {"id": "shadow-1", "type": "job.unit_moveIn.completed", "data": {"jobId": rental["moveInJobId"]}}
            assert house.post(bridge, event).status_code == 200

            def noted() -> bool:
                (site,) = house.run_json("shadow", "report", "--site", SITE)
                return rental["id"] in {row["rental"] for row in site["rentals"]}

            until(noted)
            said = house.run("shadow", "report")
        people = house.http.get(f"{house.gate}/sandbox/state").json()["sites"].get(SITE, {"people": []})["people"]
        assert house.fields(rental["id"]).get("gate_pinCode") is None
        assert not [one for one in people if rental["target"] in str(one)]
        assert (said.returncode, said.stderr) == (0, "")
        assert "grant" in said.stdout
