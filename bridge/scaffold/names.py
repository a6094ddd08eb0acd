"""What a new adapter is called, wherever its name stands."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from keyword import iskeyword
from typing import Final

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TITLE: Final = re.compile(r"[\w .,&'()+/-]+")
MAX_NAME: Final = 30
"""No line of the templates is broken by a name of this length."""
MAX_TITLE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`name` is what a configuration says, `title` what people read."""

    name: str
    title: str

    @classmethod
    def of(cls, name: str, title: str | None = None, *, taken: Collection[str] = ()) -> "Names":
        """Return the names of a new adapter. Raises `ValueError` with a sentence for what cannot be one."""
        if _NAME.fullmatch(name) is None or len(name) > MAX_NAME or iskeyword(name):
            raise ValueError(
                f"a name is a letter and at most {MAX_NAME - 1} letters, digits and single _, in lower case"
            )
        if name in taken:
            raise ValueError(f"an adapter called {name} is installed already")
        title = title or name.replace("_", " ").title()
        if _TITLE.fullmatch(title) is None or len(title) > MAX_TITLE or title != title.strip():
            raise ValueError(f"a title is at most {MAX_TITLE} letters, digits, blanks and simple punctuation")
        return cls(name=name, title=title)

    @property
    def package(self) -> str:
        return f"gatebridge_{self.name}"

    @property
    def project(self) -> str:
        """What the distribution and its folder are called."""
        return self.package.replace("_", "-")

    @property
    def cls(self) -> str:
        """What its classes begin with."""
        return "".join(part.capitalize() for part in self.name.split("_"))
