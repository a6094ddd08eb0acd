"""What controllers fetch: who may, and the whole list as it is now."""

import hashlib
import hmac
import json
from typing import Final

from adapters.pull_feed.client import Rows
from adapters.pull_feed.options import PullFeedOptions
from adapters.pull_feed.render import body_of, lines_of
from bridge.sdk import AdapterContext, FeedFormat, FeedPage, NotYetConsistent, Secret

VERSION_LENGTH: Final = 32
_PURPOSE: Final = b"gatebridge/pull_feed/version"


class PullFeed:
    """One site's feed, read anew for each who asks."""

    def __init__(self, options: PullFeedOptions, context: AdapterContext) -> None:
        self._options = options
        self._site = context.site
        self._rows = Rows(context.shelf)
        self._digests = [_digest(token) for token in options.tokens]
        # A plain hash of a list of codes would give them away: the version is keyed with what its readers know anyway.
        self._key = hmac.digest(options.tokens[0].reveal().encode(), _PURPOSE, "sha256")

    def admits(self, token: Secret) -> bool:
        offered = _digest(token)
        return any([hmac.compare_digest(offered, digest) for digest in self._digests])  # noqa: C419 - none is skipped

    async def page(self, wanted: FeedFormat | None) -> FeedPage:
        content = await self._rows.content()
        if content.number == 0:
            raise NotYetConsistent("nothing has been put into this feed yet")
        form = wanted or self._options.format
        lines = lines_of(content.rows, self._options)
        said = json.dumps([self._site, list(self._options.columns.values()), [list(line.values()) for line in lines]])
        version = hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()[:VERSION_LENGTH]
        body = body_of(form, self._site, version, lines, self._options)
        return FeedPage(body=body, format=form, tag=f"{version}-{form}", number=content.number)

    async def note_fetched(self, page: FeedPage) -> None:
        if page.number > await self._rows.fetched():
            await self._rows.note_fetched(page.number)


def _digest(token: Secret) -> bytes:
    return hashlib.sha256(token.reveal().encode(errors="surrogatepass")).digest()
