"""JSON Schema of the profiles, for completion and checks in an editor."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bms_emulator.profile.base import Profile
from bms_emulator.profile.descriptions import descriptions
from bms_emulator.profile.folders import NAME_PATTERN


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of one kind of file; what a profile loads by name is a name in it."""

    class Generator(GenerateJsonSchema):
        def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
            is_named = issubclass(schema["cls"], Profile) and schema["cls"] is not model
            if is_named:
                return {"type": "string", "pattern": f"^{NAME_PATTERN}$"}
            described: type[BaseModel] = schema["cls"]
            made = super().model_schema(schema)
            for key, text in descriptions(described).items():
                field = described.model_fields[key]
                if text != getattr(field.annotation, "__doc__", None):  # what a section says of itself stands there
                    made["properties"][field.alias or key]["description"] = text
            return made

        def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
            made = super().function_before_schema(schema)
            is_quantity = made.get("type") == "number"  # a number in SI, or a text with a unit
            return made | ({"type": ["number", "string"]} if is_quantity else {})

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False  # the key itself says it

    return {"$schema": Generator.schema_dialect, **model.model_json_schema(schema_generator=Generator)}


def schema_texts(models: Mapping[str, type[Profile]]) -> dict[str, str]:
    """Contents of the schema files by file name, for the given kinds."""
    return {
        f"{kind}.json": json.dumps(json_schema(model), indent=2, ensure_ascii=False) + "\n"
        for kind, model in sorted(models.items())
    }
