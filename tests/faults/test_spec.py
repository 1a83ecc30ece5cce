"""The specification: the same data for command line, API, scenario and test."""

import json

from bms_emulator.faults.spec import FaultSpec


def test_a_specification_survives_json():
    data = {
        "kind": "stuck",
        "target": "rack[3].cell[41].voltage",
        "parameters": {"value": "3.70V"},
        "shape": {"form": "random", "rate": "6/min", "width": "200ms"},
        "at": "+5s",
        "for": "30s",
        "name": "ov1",
        "seed": 4,
    }
    spec = FaultSpec.read(data)
    assert (spec.at, spec.duration, spec.shape.rate) == (5.0, 30.0, 0.1)
    assert FaultSpec.read(json.loads(json.dumps(spec.dump()))) == spec


def test_only_kind_and_target_are_needed():
    spec = FaultSpec.read({"kind": "stop", "target": "pump"})
    assert (spec.at, spec.duration, spec.name, spec.shape.form) == (0.0, None, None, "step")
