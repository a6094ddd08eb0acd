"""The page and its style and script: files beside this module, and headers that let in nothing else."""

from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}

FILES: Final = {
    "page.css": "text/css; charset=utf-8",
    **dict.fromkeys(
        ("page.js", "dom.js", "talk.js", "units.js", "keypad.js", "log.js"), "text/javascript; charset=utf-8"
    ),
    "icon.svg": "image/svg+xml",
}


def page_routes(*, business: str) -> list[Route]:
    """Return the routes of the page, which calls itself by the code of the `business`."""
    environment = Environment(
        loader=PackageLoader("bridge.sandbox.page"), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    template = environment.get_template("page.html")
    static = resources.files("bridge.sandbox.page") / "static"
    files = {name: (static / name).read_bytes() for name in FILES}

    async def page(request: Request) -> Response:
        del request
        return Response(template.render(business=business), media_type="text/html", headers=HEADERS)

    async def file(request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        return Response(files[name], headers={**HEADERS, "content-type": FILES[name]})

    return [Route("/", page), *(Route(f"/page/{name}", file) for name in FILES)]
