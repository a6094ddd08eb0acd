"""The adapter for controllers that ask: it fills a list in the bridge's own store, which they fetch over HTTP."""

from adapters.pull_feed.adapter import PullFeedAdapter
from adapters.pull_feed.feed import PullFeed
from adapters.pull_feed.mapping import capabilities_of
from adapters.pull_feed.options import PullFeedOptions
from bridge.sdk import AdapterSpec

ADAPTER = AdapterSpec(
    key="pull_feed",
    title="Pull feed",
    field_prefix="feed",
    options=PullFeedOptions,
    capabilities=capabilities_of,
    open=PullFeedAdapter,
    feed=PullFeed,
    suite="adapters.pull_feed.suite",
)

__all__ = ["ADAPTER"]
