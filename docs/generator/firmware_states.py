"""The page of the rack's sequence: a diagram, the steps, the conditions, the transitions."""

import ast
import inspect
from collections import Counter
from itertools import pairwise

from bms_emulator.firmware.contract import BankMode, ConnectFailure, RackMode, names
from bms_emulator.firmware.reference import sequence
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Condition, Step, Transition
from generator import markdown
from generator.markdown import table

INTRODUCTION = """
The sequence of a rack in the reference firmware. Steps are finer than the mode that a rack shows. Of the edges that
leave a step the first whose condition holds is taken, at most one in a firmware period. The times behind the conditions
are keys of the firmware profile: [Profiles](profiles.md#firmware).
"""
SHARED_BY = 5
"""Edges of as many steps to one target, for one reason, are drawn once."""


def page() -> str:
    """The page."""
    steps = [
        (step.name, names(RackMode)[row.mode], row.negative, row.precharge, row.positive, "yes" if row.on_bus else "")
        for step, row in STEPS.items()
    ]
    conditions = [(name, text) for name, text in _member_docs(Condition).items()]
    edges = [
        (
            edge.step.name,
            edge.condition.name,
            edge.target.name,
            edge.failure.name.lower() if edge.failure is not None else "",
        )
        for edge in TRANSITIONS
    ]
    return markdown.page(
        "States of the firmware",
        INTRODUCTION,
        "## Diagram",
        "What leads from `in_operation` to FAULT does so from every step inside.",
        f"```mermaid\n{_diagram()}\n```",
        "## Steps and what they command",
        table(("step", "mode shown", "main negative", "precharge", "main positive", "on the bus"), steps),
        "## Conditions",
        table(("condition", "holds when"), conditions),
        "## Transitions",
        "In the order in which they are tried.",
        table(("from", "condition", "to", "recorded as connect failure"), edges),
        "## Values of points",
        "Of a rack's `mode` and `connect_failure`, and of the bank's `mode`; the last two are numbered as in SunSpec.",
        table(("rack mode", "value"), [(name, value) for value, name in names(RackMode).items()]),
        table(("connect failure", "value"), [(name, value) for value, name in names(ConnectFailure).items()]),
        table(("bank mode", "value"), [(name, value) for value, name in names(BankMode).items()]),
    )


def _diagram() -> str:
    count = Counter((edge.condition, edge.target) for edge in TRANSITIONS)
    shared = {key for key, n in count.items() if n >= SHARED_BY}
    inside = {edge.step for edge in TRANSITIONS if (edge.condition, edge.target) in shared}
    lines = ["stateDiagram-v2", "    [*] --> INIT"]
    labels: dict[tuple[Step, Step], list[str]] = {}
    for edge in TRANSITIONS:
        if (edge.condition, edge.target) not in shared:
            labels.setdefault((edge.step, edge.target), []).append(_label(edge))
    drawn = {ends: f"{ends[0].name} --> {ends[1].name}: {', '.join(texts)}" for ends, texts in labels.items()}
    lines += ["    state in_operation {"]
    lines += [f"        {text}" for (a, b), text in drawn.items() if a in inside and b in inside]
    lines += ["    }"]
    lines += [f"    {text}" for (a, b), text in drawn.items() if not (a in inside and b in inside)]
    targets = {target for _, target in shared}
    for target in targets:
        reasons = ", ".join(_words(condition) for condition, to in count if (condition, to) in shared and to is target)
        lines.append(f"    in_operation --> {target.name}: {reasons}")
    return "\n".join(lines)


def _label(edge: Transition) -> str:
    return _words(edge.condition)


def _words(condition: Condition) -> str:
    return condition.name.lower().replace("_", " ")


def _member_docs(enum: type) -> dict[str, str]:
    """The sentence below each member of an enumeration, which Python itself does not keep."""
    tree = ast.parse(inspect.getsource(sequence))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == enum.__name__)
    found = {}
    for member, after in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            target = member.targets[0]
            assert isinstance(target, ast.Name)
            found[target.id] = str(after.value.value)
    return found
