"""Storeganise: its webhooks, its admin API, and its custom fields."""

from bridge.sdk import SourceSpec
from bridge.sources.storeganise.options import StoreganiseOptions
from bridge.sources.storeganise.source import StoreganiseSource

SOURCE = SourceSpec(
    key="storeganise",
    title="Storeganise",
    options=StoreganiseOptions,
    kept_headers=("content-type", "user-agent"),
    open=StoreganiseSource,
)

__all__ = ["SOURCE"]
