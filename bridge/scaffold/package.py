"""The files of a new adapter, rendered and written."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from bridge import __version__
from bridge.scaffold.names import Names

SUFFIX: Final = ".jinja"
_PACKAGE: Final = "package"
_DOTTED: Final = {"gitignore": ".gitignore"}
"""What would be at work in our own repository under its real name."""


def write_package(names: Names, into: Path) -> Path:
    """Write a new package into its own folder below `into` and return the folder.

    Raises `FileExistsError` where there is such a folder already; then nothing is written.
    """
    files = rendered(names)
    folder = into / names.project
    folder.mkdir(parents=True)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def rendered(names: Names) -> Mapping[PurePosixPath, str]:
    """Return the text of each file by its path in the package's folder."""
    environment = Environment(  # noqa: S701 - it writes Python and TOML, nothing that a browser reads
        loader=PackageLoader("bridge.scaffold"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    values = {
        "name": names.name,
        "title": names.title,
        "package": names.package,
        "project": names.project,
        "cls": names.cls,
        "version": __version__,
    }
    return {
        _place(template, names): environment.get_template(template).render(values)
        for template in environment.list_templates(extensions=[SUFFIX.removeprefix(".")])
    }


def _place(template: str, names: Names) -> PurePosixPath:
    first, *rest = PurePosixPath(template.removesuffix(SUFFIX)).parts
    return PurePosixPath(names.package if first == _PACKAGE else _DOTTED.get(first, first), *rest)
