"""What the compose file promises: one way in, and nothing that a container does not need."""

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types


@pytest.fixture(scope="module")
def services(deploy: Path) -> dict[str, Any]:
    found: dict[str, Any] = document(deploy)["services"]
    return found


def document(deploy: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_only_caddy_is_reachable_from_outside(services: dict[str, Any]) -> None:
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "caddy": ["80:80", "443:443"]
    }
    assert not any("network_mode" in service for service in services.values())


@pytest.mark.parametrize("name", ["bridge", "caddy"])
def test_a_container_can_change_nothing_but_its_volumes(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_only_caddy_has_a_capability_left(services: dict[str, Any]) -> None:
    assert {name: service.get("cap_add") for name, service in services.items()} == {
        "bridge": None,
        "caddy": ["NET_BIND_SERVICE"],
    }


def test_what_must_outlive_a_container_is_on_a_volume(services: dict[str, Any], deploy: Path) -> None:
    assert "state:/var/lib/gatebridge" in services["bridge"]["volumes"]
    assert "certificates:/data" in services["caddy"]["volumes"]
    assert set(document(deploy)["volumes"]) == {"state", "certificates", "caddy"}


def test_what_is_mounted_from_here_exists_or_has_an_example_and_is_read_only(
    services: dict[str, Any], deploy: Path
) -> None:
    mounts = [mount for service in services.values() for mount in service["volumes"] if mount.startswith("./")]
    assert len(mounts) == 2
    for mount in mounts:
        source, _, mode = mount.split(":")
        name = source.removeprefix("./")
        example = name.replace(".toml", ".example.toml")
        assert mode == "ro"
        assert (deploy / name).exists() or (deploy / example).exists()


def test_no_secret_is_written_in_the_file(deploy: Path) -> None:
    assert document(deploy)["services"]["bridge"]["env_file"] == "gatebridge.env"
    assert (deploy / "gatebridge.env.example").exists()
    assert "environment" not in document(deploy)["services"]["bridge"]


def test_caddy_asks_the_bridge_where_the_image_listens(services: dict[str, Any], deploy: Path) -> None:
    environment = services["caddy"]["environment"]
    dockerfile = (deploy / "Dockerfile").read_text(encoding="utf-8")
    assert environment["GATEBRIDGE_UPSTREAM"] == "bridge:8080"
    assert "GATEBRIDGE__SERVER__PORT=8080" in dockerfile
    assert "GATEBRIDGE__SERVER__HOST=0.0.0.0" in dockerfile
    assert {name for name in environment if f"{{${name}" not in (deploy / "Caddyfile").read_text("utf-8")} == set()
