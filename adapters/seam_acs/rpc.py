"""Seam's conversation, with an error of its own for what is not there: in access systems it is met at every step."""

from adapters.seam.rpc import SeamError, SeamRpc
from bridge.sdk import BridgeError, Rejected

NOT_FOUND = 404


class Missing(Rejected):
    """Seam says that what was asked for is not there."""


class AcsRpc(SeamRpc):
    def refusal(self, path: str, error: SeamError, status: int = 200) -> BridgeError:
        """Return what an error means. A 404 is believed only with Seam's own word for it: an unknown path has none."""
        refused = super().refusal(path, error, status)
        return Missing(str(refused)) if status == NOT_FOUND and error.type.endswith("not_found") else refused
