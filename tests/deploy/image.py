"""Runs the Dockerfile's steps without a container engine: each stage in a folder and a clean virtual environment.

`python -m tests.deploy.image` ends with status 0 when the result is the product: it says its version, loads every
plug-in, makes its database, serves, is healthy by the image's own check, and stops when it is told to. Called by
`make package`, since it asks the package index; standard library only.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Final

from tests.deploy.dockerfile import Stage, stages

ROOT: Final = Path(__file__).resolve().parents[2]
NOT_RUN: Final = "useradd "
"""Makes the image's user and its folder; the only step that would change this machine."""
START_SECONDS: Final = 30.0

LOADS: Final = """
import importlib.metadata as metadata, pathlib, sys, bridge
assert pathlib.Path(bridge.__file__).is_relative_to(sys.prefix), bridge.__file__
for group in ("gatebridge.sources", "gatebridge.adapters"):
    points = metadata.entry_points(group=group)
    assert points, group
    for point in points:
        print(group, point.name, point.load().title)
"""


class StepError(Exception):
    pass


class BuiltStage:
    """A stage's folder and interpreter."""

    def __init__(self, stage: Stage, folder: Path, earlier: Mapping[str, "BuiltStage"]) -> None:
        self._stage = stage
        self._earlier = earlier
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        self._bin = folder / "venv" / "bin"
        venv.create(folder / "venv", with_pip=True, symlinks=True)
        self.environment = _plain_environment(self._bin, folder) | {
            name: value for name, value in stage.environment().items() if name != "PIP_NO_CACHE_DIR"
        }
        self._where = "/"

    def build(self) -> None:
        for step in self._stage.steps:
            if step.word == "WORKDIR":
                self._where = step.text
            elif step.word == "COPY":
                self._copy(step.text)
            elif step.word == "RUN" and not step.text.startswith(NOT_RUN):
                self.run(shlex.split(step.text))

    def run(self, command: list[str]) -> str:
        """Run a command of the stage in its folder and return what it prints."""
        words = [str(self._bin / command[0]), *command[1:]]
        done = subprocess.run(
            words,
            cwd=self.files,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StepError(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def start(self, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        words = [str(self._bin / command[0]), *command[1:]]
        return subprocess.Popen(words, cwd=self.files, env=self.environment | dict(environment))

    def _copy(self, text: str) -> None:
        words = text.split()
        source = ROOT
        if words[0].startswith("--from="):
            stage = self._earlier[words.pop(0).removeprefix("--from=")]
            source, prefix = stage.files, f"{stage._where}/"
            words[:-1] = [word.removeprefix(prefix) for word in words[:-1]]
        *names, target = words
        for name in names:
            place = self.files / (Path(name).name if target == "." else target)
            if (source / name).is_dir():
                shutil.copytree(source / name, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source / name, place)


def _plain_environment(programs: Path, folder: Path) -> dict[str, str]:
    """Return this machine's environment with the stage's programs, without its own Python's settings."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GATEBRIDGE", "VIRTUAL"))
    }
    return ours | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), **_cache()}


def _cache() -> dict[str, str]:
    """Keep the cache of downloads: the steps are what is tried here, not the network."""
    place = os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip")
    return {"PIP_CACHE_DIR": place}


def build(folder: Path) -> tuple[BuiltStage, Stage]:
    """Build all stages below `folder` and return the last."""
    built: dict[str, BuiltStage] = {}
    parsed = stages(ROOT / "deploy" / "Dockerfile")
    for number, stage in enumerate(parsed):
        last = BuiltStage(stage, folder / str(number), built)
        last.build()
        built[stage.name or "image"] = last
    return last, parsed[-1]


def prove(image: BuiltStage, stage: Stage, folder: Path) -> None:
    """Try the product as the image would run it, with its state and port in another place."""
    version = image.run(["gatebridge", "--version"]).strip()
    if f'"{version}"' not in (ROOT / "bridge" / "__init__.py").read_text(encoding="utf-8"):
        raise StepError(f"the version is {version}")
    say(f"gatebridge {version}")
    say(image.run(["python", "-I", "-c", LOADS]).strip())
    for name in _files_of_the_product():
        image.run(["python", "-I", "-c", f"import sysconfig, os; os.stat(sysconfig.get_path('purelib') + '/{name}')"])
    _serve(image, stage, folder)


def _files_of_the_product() -> list[str]:
    """Return what a wheel easily loses: everything that is not a module."""
    rooms = (ROOT / "bridge", ROOT / "adapters")
    files = (file for room in rooms for file in room.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return [str(file.relative_to(ROOT)) for file in files if file.suffix not in {".py", ".pyc"}]


def _serve(image: BuiltStage, stage: Stage, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    example = (ROOT / "deploy" / "gatebridge.example.toml").read_text(encoding="utf-8")
    (folder / "gatebridge.toml").write_text(example, encoding="utf-8")
    settings = {
        "GATEBRIDGE_CONFIG": str(folder / "gatebridge.toml"),
        "GATEBRIDGE__STORE__URL": f"sqlite:///{folder}/state/gatebridge.db",
        "GATEBRIDGE__SERVER__HOST": "127.0.0.1",
        "GATEBRIDGE__SERVER__PORT": port,
        "SG_API_KEY": "key",
        "SG_WEBHOOK_SECRET": "secret",
    }
    image.environment |= settings
    say(image.run(["gatebridge", "db", "upgrade"]).strip())
    entry, *arguments = _words(stage, "ENTRYPOINT") + _words(stage, "CMD")
    process = image.start([entry, *arguments], settings)
    try:
        _wait_until_healthy(image, stage, port, process)
        say("healthy")
    finally:
        process.send_signal(getattr(signal, stage.texts("STOPSIGNAL")[0]))
        status = process.wait(START_SECONDS)
    if status != 0:
        raise StepError(f"the process was told to stop and ended with {status}")
    say("stopped when told to")


def _words(stage: Stage, word: str) -> list[str]:
    return [part.strip('", []') for part in stage.texts(word)[0].split(",")]


def _wait_until_healthy(image: BuiltStage, stage: Stage, port: str, process: subprocess.Popen[bytes]) -> None:
    check = [word.replace("8080", port) for word in stage.health_check()]
    deadline = monotonic() + START_SECONDS
    while process.poll() is None and monotonic() < deadline:
        try:
            image.run(check)
        except StepError:
            sleep(0.1)
        else:
            return
    raise StepError("the process did not become healthy")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    began = monotonic()
    with TemporaryDirectory(prefix="gatebridge-image-") as name:
        folder = Path(name)
        try:
            prove(*build(folder), folder)
        except StepError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    say(f"the image's steps work ({monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
