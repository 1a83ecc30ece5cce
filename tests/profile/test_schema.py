"""JSON Schemas: fresh, and true to the models."""

import json

from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.profile.document import read_document
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import KINDS, MAPS
from bms_emulator.profile.schema import json_schema, schema_texts
from bms_emulator.testing.campaign.model import Campaign
from bms_emulator.testing.scenario.model import Scenario


def test_schema_files_are_fresh() -> None:
    folder = shipped_folder() / "schema"
    texts = schema_texts({**KINDS, MAPS: RegisterMap, "scenarios": Scenario, "campaigns": Campaign})
    assert {path.name for path in folder.iterdir()} == texts.keys()
    stale = [name for name, text in texts.items() if (folder / name).read_text() != text]
    assert stale == [], "rewrite them with: bms-emulator profile schema"


def test_a_part_that_is_loaded_by_name_is_a_name() -> None:
    schema = json_schema(KINDS["racks"])
    assert schema["$defs"]["PackProfile"]["type"] == "string"
    assert "CellProfile" not in json.dumps(schema)


def test_a_schema_knows_every_key_of_the_shipped_files_and_no_other() -> None:
    for kind, model in KINDS.items():
        schema = json_schema(model)
        assert schema["additionalProperties"] is False
        for found in Folders((shipped_folder(),)).list(kind).values():
            assert read_document(found.path).data.keys() <= schema["properties"].keys()
