"""What is declared once is read and described alike: the kinds of values, and the tables of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import pytest
from jsonschema import Draft202012Validator

from shiplane.core.errors import ConfigurationError
from shiplane.core.schema.documents import document, table_of
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Number, Text

PLACE = Location("file.toml", "crew")


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Who is aboard; a second line is for readers of the code."""

    name: Annotated[str, Key("What it is called.", Text(pattern="[a-z]+", problem="is no name"))]
    head_count: Annotated[int, Key("How many they are.", Number(whole=True, least=1, most=9))] = 2


CREW = Table.of(Crew, "crew")


def test_a_dataclass_declares_its_keys_for_the_reader_and_the_schema() -> None:
    parts: dict[str, Any] = {}
    assert CREW.read({"name": "deck", "head-count": 3}, PLACE) == Crew(name="deck", head_count=3)
    assert CREW.schema(parts) == {"$ref": "#/$defs/crew"}
    assert parts["crew"] == {
        "type": "object",
        "description": "Who is aboard; a second line is for readers of the code.",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "pattern": "^(?:[a-z]+)$(?!\\n)", "description": "What it is called."},
            "head-count": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9,
                "description": "How many they are.",
                "default": 2,
            },
        },
    }


@pytest.mark.parametrize(
    ("content", "complaint", "remedy"),
    [
        ("deck", "file.toml: crew is a string, expected a table", ""),
        ({}, "file.toml: crew.name is missing", ""),
        ({"name": None}, "file.toml: crew.name is null, expected a string", ""),
        ({"name": "Deck"}, "file.toml: crew.name: 'Deck' is no name", ""),
        ({"name": "a", "head-count": 10}, "file.toml: crew.head-count is 10, expected a whole number from 1 to 9", ""),
        ({"name": "a", "headcount": 1}, "file.toml: crew: unknown key 'headcount'", "Did you mean 'head-count'?"),
        ({"name": "a", "x": 1}, "file.toml: crew: unknown key 'x'", "Known keys: name, head-count."),
    ],
)
def test_a_complaint_names_the_key_and_what_is_wrong(content: object, complaint: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        CREW.read(content, PLACE)
    assert (caught.value.what, caught.value.remedy) == (complaint, remedy)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a-b_1", "crew.a-b_1"),
        ("ghcr.io", 'crew."ghcr.io"'),
        ("", 'crew.""'),
        ("\x1b\u202e", r'crew."\x1b\u202e"'),
        ("a" * 50, f'crew."{"a" * 37}..."'),
    ],
)
def test_a_key_is_shown_as_toml_writes_it_and_harmless(name: str, shown: str) -> None:
    assert PLACE.key(name).path == shown


class CargoJson(TypedDict):
    """What is loaded."""

    weight: Annotated[float, "Tons."]
    notes: dict[str, Any]


def test_a_typed_dict_declares_a_document() -> None:
    schema = document(CargoJson, urn="urn:x", title="cargo")
    Draft202012Validator.check_schema(schema)
    content = {"weight": 1.5, "notes": {"any": [None, {"thing": 1}]}}
    assert Draft202012Validator(schema).is_valid(content)
    assert table_of(CargoJson).read(content, PLACE) == content
    assert schema["properties"]["weight"] == {"type": "number", "minimum": 0, "description": "Tons."}
