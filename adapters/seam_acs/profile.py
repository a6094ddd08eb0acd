"""What sort of access system an adapter drives: the difference between a brand's preset and any system behind Seam."""

from dataclasses import dataclass, replace

from adapters.seam_acs.options import Codes, Confirm, Renewal, SeamAcsOptions, TargetsBy


@dataclass(frozen=True, slots=True, kw_only=True)
class AcsProfile:
    """How one system is used. `system_type` is Seam's word for what it must be, None where it may be any.

    `target_type` is the type of group that a unit is mapped to, None for all. `level` is the id or name of the group of
    type `level_type` that everybody must be in beside theirs.
    """

    brand: str = "the access system"
    system_type: str | None = None
    targets: TargetsBy = TargetsBy.ID
    target_type: str | None = None
    level: str | None = None
    level_type: str | None = None
    codes: Codes = Codes.GIVEN
    renewal: Renewal = Renewal.BESIDE
    shows_codes: bool = True
    contacts: bool = False
    confirm: Confirm = Confirm.SYNCED

    def named(self) -> "AcsProfile":
        """Return the same, with groups known by their names."""
        return replace(self, targets=TargetsBy.NAME)


def profile_of(options: SeamAcsOptions) -> AcsProfile:
    return AcsProfile(
        targets=options.targets,
        codes=options.codes,
        renewal=options.renewal,
        shows_codes=options.shows_codes,
        contacts=options.contacts,
        confirm=options.confirm,
    )
