"""Writing our own fields of one rental."""

from bridge.sdk import FieldWrites, SourceSite
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.keyring import Keyring


async def write_fields(writes: FieldWrites, *, site: SourceSite, api: StoreganiseApi, keyring: Keyring) -> None:
    """Set the given fields and no other: the platform merges, and other add-ons share the rental (section 6)."""
    fields = FieldCodes(prefix=site.field_prefix).to_write(writes)
    if fields:
        await api.put_rental(writes.rental, fields, keyring.of_site(site.id))
