"""Hosts come from configuration: a base URL is checked once, and its client goes nowhere else."""

from ipaddress import ip_address

import httpx

from bridge.domain.errors import ConfigurationError, Rejected


def base_url(text: str, *, key: str) -> httpx.URL:
    """Return the URL, ending in a slash, or raise `ConfigurationError` naming `key`.

    Keys travel to it, so it is https, except to a loopback address; user names, queries and fragments are refused.
    """
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL as error:
        raise ConfigurationError(key, "is not a URL") from error
    if url.scheme not in {"https", "http"} or not url.host:
        raise ConfigurationError(key, "must be an https:// URL")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigurationError(key, "must be https; plain http is for loopback addresses only")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError(key, "must not hold a user name, a query or a fragment")
    return url.copy_with(path=url.path.rstrip("/") + "/")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Return scheme, host and port, the default port filled in."""
    port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
    return url.scheme, url.host.lower(), port


class PinnedTransport(httpx.AsyncBaseTransport):
    """Refuses a request to any other origin before a byte of it leaves."""

    def __init__(self, pinned: httpx.URL, inner: httpx.AsyncBaseTransport) -> None:
        self._origin = origin(pinned)
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if origin(request.url) != self._origin:
            raise Rejected(f"a request to {request.url.host} was stopped: only the configured host is spoken to")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
