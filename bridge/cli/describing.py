"""What an adapter says of itself, gathered for people and for scripts."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.resources.abc import Traversable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import core_schema

from bridge.catalog import InstalledAdapter, papers_of
from bridge.domain.capabilities import Capabilities
from bridge.domain.errors import inert
from bridge.ports.adapter import AdapterSpec

MAX_TEXT: Final = 400
_TYPES: Final[Mapping[str, str]] = {
    "array": "list",
    "boolean": "true or false",
    "integer": "number",
    "number": "number",
    "object": "table",
    "string": "text",
}


def describe(adapter: InstalledAdapter, spec: AdapterSpec[Any]) -> dict[str, Any]:
    """Return everything that can be told of an adapter without opening it, as JSON."""
    papers = papers_of(adapter)
    quality, can = _quality(papers), _capabilities(spec)
    return {
        "key": adapter.name,
        "title": inert(spec.title),
        "package": adapter.package,
        "version": adapter.version,
        "field_prefix": spec.field_prefix,
        "readme": _place(papers, "README.md"),
        "suite": spec.suite or None,
        "options": list(_options(spec.options)),
        "capabilities": None if can is None else asdict(can),
        "which_means": [] if can is None else list(can.consequences()),
        "rules": {name: _answer(answer) for name, answer in quality.get("rules", {}).items()},
        "exempt": dict(_exempt(quality.get("exempt", {}))),
    }


class _Lenient(GenerateJsonSchema):
    """Leaves a type out that has no schema: an adapter's own is still an option with a name."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        del kind, detail

    def handle_invalid_for_json_schema(self, schema: core_schema.CoreSchema, error_info: str) -> JsonSchemaValue:
        del schema, error_info
        return {}


def _options(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    schema = model.model_json_schema(schema_generator=_Lenient)
    for name, field in model.model_fields.items():
        known = schema.get("properties", {}).get(field.alias or name, {})
        of_its_type = _defined(known, schema.get("$defs", {})).get("description", "")
        yield {
            "key": field.alias or name,
            "needed": field.is_required(),
            "type": _type(known, schema.get("$defs", {})),
            "default": known.get("default"),
            "meaning": inert(field.description or of_its_type, MAX_TEXT),
        }


def _defined(known: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference refers to; nothing for what is no reference."""
    found: Mapping[str, Any] = definitions.get(str(known.get("$ref", "")).rpartition("/")[2], {})
    return found


def _type(known: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return an option's type in words: the choices of a choice, `secret` for what is never shown."""
    if "$ref" in known:
        return _type(_defined(known, definitions), definitions)
    if known.get("writeOnly"):
        return "secret"
    if choices := known.get("enum", [known["const"]] if "const" in known else []):
        return " or ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in choices)
    if several := known.get("anyOf", known.get("oneOf", known.get("allOf"))):
        return " or ".join(dict.fromkeys(_type(one, definitions) for one in several if one.get("type") != "null"))
    word = _TYPES.get(str(known.get("type")), "?")
    return f"list of {_type(known['items'], definitions)}" if word == "list" and known.get("items") else word


def _capabilities(spec: AdapterSpec[Any]) -> Capabilities | None:
    """Return the capabilities with every option at its default, None where they depend on an option that has none."""
    try:
        return spec.capabilities(spec.options.model_construct())
    except Exception:  # noqa: BLE001 - the adapter's own code, asked with options that are not all there
        return None


def _quality(papers: Traversable | None) -> Mapping[str, Any]:
    try:
        return {} if papers is None else tomllib.loads((papers / "quality.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _answer(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return inert(f"{answer.get('status', '?')}: {answer.get('why', '')}", MAX_TEXT)
    return inert(str(answer), MAX_TEXT)


def _exempt(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield checks that are left out with their reasons; a table in the table is of one class of the suite."""
    for name, why in table.items():
        if isinstance(why, Mapping):
            yield from ((f"{name}.{check}", text) for check, text in _exempt(why))
        else:
            yield name, inert(str(why), MAX_TEXT)


def _place(papers: Traversable | None, name: str) -> str | None:
    file = None if papers is None else papers / name
    return str(file) if file is not None and file.is_file() else None


def flat(values: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, str]]:
    """Return nested values as lines of a table, each by its path."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        path = f"{above}.{name}" if above else name
        lines += flat(value, path) if isinstance(value, Mapping) else [(path, _shown(value))]
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
