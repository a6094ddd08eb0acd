"""The edge lets one thing through, and says nothing secret about it."""

import http.client
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.edge import HOST, Edge, Served, Upstream, adapted, free_port, surroundings

WALL: Final = 10_000_000
SIGNATURE: Final = "c2lnbmF0dXJlLXRoYXQtbm9ib2R5LW1heS1yZWFk"


@pytest.fixture(scope="module")
def upstream() -> Iterator[tuple[Upstream, int]]:
    app = Upstream()
    with socket.create_server((HOST, 0)) as listener, Served(app, listener):
        yield app, listener.getsockname()[1]


@pytest.fixture(scope="module")
def edge(
    caddy: str, deploy: Path, upstream: tuple[Upstream, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Edge]:
    with Edge(caddy, deploy / "Caddyfile", tmp_path_factory.mktemp("edge"), upstream[1]) as running:
        yield running


@pytest.fixture
def arrived(upstream: tuple[Upstream, int]) -> Upstream:
    upstream[0].arrivals.clear()
    return upstream[0]


def ask(
    port: int,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    chunked: bool = False,
) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        content = iter([body]) if chunked else body
        connection.request(method, path, body=content, headers=dict(headers or {}), encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_caddys_own_verifier_accepts_the_file(caddy: str, deploy: Path, tmp_path: Path) -> None:
    environment = surroundings(tmp_path) | {"GATEBRIDGE_DOMAIN": "bridge.example.com"}
    command = [caddy, "validate", "--config", str(deploy / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_file_is_formatted(caddy: str, deploy: Path, tmp_path: Path) -> None:
    text = (deploy / "Caddyfile").read_text(encoding="utf-8")
    command = [caddy, "fmt", str(deploy / "Caddyfile")]
    done = subprocess.run(command, env=surroundings(tmp_path), capture_output=True, text=True, check=False)
    assert done.stdout == text


def test_a_delivery_passes_byte_for_byte(edge: Edge, arrived: Upstream) -> None:
    body = b'{"id": "1",\r\n "name": "\xc3\xa9\\u00e9"}\n'
    headers = {"sg-signature": SIGNATURE, "Content-Type": "application/json;charset=UTF-8"}
    assert ask(edge.port, "POST", "/webhooks/lakeside", body=body, headers=headers) == (200, b"reached")
    (arrival,) = arrived.arrivals
    assert (arrival.method, arrival.path, arrival.body) == ("POST", "/webhooks/lakeside", body)
    assert arrival.headers["sg-signature"] == SIGNATURE


def test_the_bridge_can_tell_that_a_proxy_asks(edge: Edge, arrived: Upstream) -> None:
    ask(edge.port, "POST", "/webhooks/lakeside")
    assert "x-forwarded-for" in arrived.arrivals[0].headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/metrics"),
        ("POST", "/metrics"),
        ("GET", "/readyz"),
        ("GET", "/livez"),
        ("GET", "/api/v1/deliveries"),
        ("POST", "/api/v1/sweep"),
        ("GET", "/"),
        ("POST", "/"),
        ("POST", "/webhooks"),
        ("POST", "/webhooksx/lakeside"),
        ("GET", "/webhooks/lakeside"),
        ("HEAD", "/webhooks/lakeside"),
        ("PUT", "/webhooks/lakeside"),
        ("DELETE", "/webhooks/lakeside"),
        ("OPTIONS", "/webhooks/lakeside"),
        ("POST", "/webhooks/../metrics"),
        ("POST", "/webhooks/%2e%2e/api/v1/sweep"),
        ("POST", "/webhooks/x/../../api/v1/sweep"),
    ],
)
def test_everything_else_is_not_found(edge: Edge, arrived: Upstream, method: str, path: str) -> None:
    status, _ = ask(edge.port, method, path)
    assert (status, arrived.arrivals) == (404, [])


def test_a_body_that_is_announced_too_long_is_refused_before_it_comes(edge: Edge, arrived: Upstream) -> None:
    status, _ = ask(edge.port, "POST", "/webhooks/lakeside", headers={"Content-Length": str(WALL)})
    assert (status, arrived.arrivals) == (413, [])


def test_a_body_without_length_is_cut_off_at_the_wall(edge: Edge, arrived: Upstream) -> None:
    status, _ = ask(edge.port, "POST", "/webhooks/lakeside", body=b"x" * (WALL + 1), chunked=True)
    assert (status, arrived.arrivals) == (413, [])


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_that_the_bridge_may_judge_passes(edge: Edge, arrived: Upstream, *, chunked: bool) -> None:
    assert ask(edge.port, "POST", "/webhooks/lakeside", body=b"x" * (WALL - 1), chunked=chunked)[0] == 200
    assert len(arrived.arrivals[0].body) == WALL - 1


def test_a_huge_header_is_stopped_at_the_edge(edge: Edge, arrived: Upstream) -> None:
    status, _ = ask(edge.port, "POST", "/webhooks/lakeside", headers={"sg-signature": "x" * 100_000})
    assert (status, arrived.arrivals) == (431, [])


def test_what_fails_is_logged_without_headers_body_or_path(caddy: str, deploy: Path, tmp_path: Path) -> None:
    with Edge(caddy, deploy / "Caddyfile", tmp_path, free_port()) as edge:
        headers = {"sg-signature": SIGNATURE, "Authorization": "Basic c2VjcmV0"}
        status, _ = ask(
            edge.port, "POST", "/webhooks/lakeside/token-of-the-path?q=1", body=b"body-text", headers=headers
        )
    assert status == 502
    assert '"level":"error"' in edge.log, "the fault itself is logged"
    assert not [secret for secret in (SIGNATURE, "c2VjcmV0", "token-of-the-path", "body-text") if secret in edge.log]


def test_plain_http_is_not_redirected(caddy: str, deploy: Path, tmp_path: Path) -> None:
    config = adapted(caddy, deploy / "Caddyfile", tmp_path, {"GATEBRIDGE_DOMAIN": "bridge.example.com"})
    (server,) = config["apps"]["http"]["servers"].values()
    assert server["listen"] == [":443"]
    assert server["automatic_https"]["disable_redirects"] is True
