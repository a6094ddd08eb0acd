"""The Dockerfile as a list of instructions."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    word: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str | None
    image: str
    steps: tuple[Instruction, ...] = field(default_factory=tuple)

    def texts(self, word: str) -> list[str]:
        return [step.text for step in self.steps if step.word == word]

    def environment(self) -> dict[str, str]:
        pairs = (pair for text in self.texts("ENV") for pair in shlex.split(text))
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}

    def health_check(self) -> list[str]:
        (text,) = self.texts("HEALTHCHECK")
        command: list[str] = json.loads(text[text.index("CMD ") + len("CMD ") :])
        return command


def stages(dockerfile: Path) -> list[Stage]:
    """Return the stages; comments are dropped and continued lines joined."""
    lines = [line for line in dockerfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found: list[Stage] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, text = line.split(maxsplit=1)
        if word == "FROM":
            image, _, name = text.partition(" AS ")
            found.append(Stage(image=image, name=name or None))
            continue
        last = found.pop()
        found.append(
            Stage(image=last.image, name=last.name, steps=(*last.steps, Instruction(word=word, text=text.strip())))
        )
    return found
