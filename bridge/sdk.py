"""All that an adapter or a source may import."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic import BaseModel as _BaseModel

from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.credential import CodeRules, GateCode, Secret
from bridge.domain.deliveries import ClaimedDelivery, Sighting
from bridge.domain.errors import (
    Anomaly,
    BridgeError,
    ConfigurationError,
    Conflict,
    NoCapacity,
    NotYetConsistent,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    RefusalCause,
    Refused,
    Rejected,
    StoreUnavailable,
    TemporaryError,
    Unauthorized,
    Unreachable,
    Unsupported,
    inert,
)
from bridge.domain.ids import (
    ConnectionName,
    RentalId,
    SiteId,
    SubjectKey,
    TargetId,
    TenantId,
    UnitId,
    is_safe_id,
    is_safe_target,
)
from bridge.domain.tenancy import FieldWrites, Rental, RentalFields, RentalState, Resync, Snapshot, Tenant, Unit
from bridge.domain.whom import By, Whom
from bridge.outbound.calls import Answer, call
from bridge.outbound.discretion import blotted, private_words, words_of
from bridge.outbound.pinning import base_url
from bridge.outbound.tokens import Token, TokenAuth
from bridge.outbound.wire import CodeText, PrivateText, WireModel, read_as
from bridge.ports.adapter import Adapter, AdapterContext, AdapterSpec, Checkpoint, Person, Ref, Target
from bridge.ports.feed import Feed, FeedFormat, FeedPage
from bridge.ports.findings import Finding, Verdict
from bridge.ports.shelf import Item, Shelf
from bridge.ports.source import (
    NOWHERE,
    ChangedRental,
    Envelope,
    Located,
    MoveJob,
    NamedJob,
    OwnFields,
    Resolution,
    SiteListing,
    Source,
    SourceContext,
    SourceSite,
    SourceSpec,
    StaffTask,
)
from bridge.ports.survey import Stranger, Survey
from bridge.verification.body import UnreadableBody, read_json_object
from bridge.verification.hmac_header import HmacHeader


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not blank")
    return Secret(value)


def _header_safe(key: Secret) -> Secret:
    text = key.reveal()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must be printable ASCII without spaces: it travels in a header")
    return key


SecretText = Annotated[
    Secret,
    BeforeValidator(_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "writeOnly": True}),
]
"""A pydantic field for a key or password: blank is refused, and no dump, repr or error shows it."""

HeaderKey = Annotated[SecretText, AfterValidator(_header_safe)]
"""A `SecretText` that travels in a header: printable ASCII without spaces."""


class Options(_BaseModel):
    """What a plug-in's options derive from: unknown keys are refused, and no error repeats what was given.

    The text below a field is what `gatebridge adapters show` says of it.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        validate_default=True,
        use_attribute_docstrings=True,
    )


__all__ = [
    "NOWHERE",
    "Adapter",
    "AdapterContext",
    "AdapterSpec",
    "Anomaly",
    "Answer",
    "BridgeError",
    "By",
    "Capabilities",
    "Change",
    "ChangedRental",
    "Checkpoint",
    "ClaimedDelivery",
    "CodeMaker",
    "CodeRules",
    "CodeText",
    "ConfigurationError",
    "Conflict",
    "ConnectionName",
    "EntryState",
    "Envelope",
    "Feed",
    "FeedFormat",
    "FeedPage",
    "FieldWrites",
    "Finding",
    "GateCode",
    "HeaderKey",
    "HmacHeader",
    "Item",
    "Kind",
    "Located",
    "MoveJob",
    "NamedJob",
    "NoCapacity",
    "NotYetConsistent",
    "Observed",
    "Options",
    "OutcomeUnknown",
    "OwnFields",
    "PermanentError",
    "Person",
    "PrivateText",
    "RateLimited",
    "Ref",
    "RefusalCause",
    "Refused",
    "Rejected",
    "Rental",
    "RentalFields",
    "RentalId",
    "RentalState",
    "Resolution",
    "Resync",
    "Secret",
    "SecretText",
    "Shelf",
    "Sighting",
    "SiteId",
    "SiteListing",
    "Snapshot",
    "Source",
    "SourceContext",
    "SourceSite",
    "SourceSpec",
    "StaffTask",
    "StoreUnavailable",
    "Stranger",
    "SubjectKey",
    "Survey",
    "SuspendScope",
    "Target",
    "TargetId",
    "TemporaryError",
    "Tenant",
    "TenantId",
    "Token",
    "TokenAuth",
    "Unauthorized",
    "Unit",
    "UnitId",
    "Unreachable",
    "UnreadableBody",
    "Unsupported",
    "Verdict",
    "Whom",
    "WireModel",
    "base_url",
    "blotted",
    "call",
    "inert",
    "is_safe_id",
    "is_safe_target",
    "private_words",
    "read_as",
    "read_json_object",
    "words_of",
]
