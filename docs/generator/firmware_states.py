"""The page of the rack's sequence: a diagram, the steps, the conditions, the transitions."""

import ast
import inspect
from itertools import pairwise

from bms_emulator.firmware.contract import BankMode, ConnectFailure, RackMode, names
from bms_emulator.firmware.reference import sequence
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Condition, Step
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
    lock = {True: "set", False: "cleared", None: ""}
    steps = [
        (
            step.name,
            names(RackMode)[row.mode],
            row.negative,
            row.precharge,
            row.positive,
            "yes" if row.on_bus else "",
            lock[row.locked],
            "yes" if row.breaks else "",
        )
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
        _shared_text(),
        f"```mermaid\n{_diagram()}\n```",
        "## Steps and what they command",
        "The lock stands in persistent memory: entering a step sets or clears it, and a rack that starts with it is "
        "locked again. Where the last column says so, a main contactor that stays closed beyond its time makes the "
        "rack trip its breaker.",
        table(
            (
                "step",
                "mode shown",
                "main negative",
                "precharge",
                "main positive",
                "on the bus",
                "lock",
                "trips the breaker",
            ),
            steps,
        ),
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


def _sources() -> dict[tuple[Condition, Step], set[Step]]:
    """Steps from which a condition leads to a target, where they are so many that their edges are drawn once."""
    sources: dict[tuple[Condition, Step], set[Step]] = {}
    for edge in TRANSITIONS:
        sources.setdefault((edge.condition, edge.target), set()).add(edge.step)
    return {key: steps for key, steps in sources.items() if len(steps) >= SHARED_BY}


def _inside() -> set[Step]:
    """Steps drawn within the box: those from which shared edges lead to FAULT."""
    return set.union(*(steps for (_, target), steps in _sources().items() if target is Step.FAULT))


def _shared_text() -> str:
    """Where shared edges begin, in words."""
    lines = [
        "What leads from `in_operation` does so from every step inside; what leads from `any other step`, from all "
        "steps but its target, with these exceptions:",
        "",
    ]
    for (condition, target), steps in _sources().items():
        begin = _inside() if steps <= _inside() else set(Step) - {target}
        missing = ", ".join(step.name for step in Step if step in begin - steps)
        if missing:
            lines.append(f"- {_words(condition)} to {target.name}: not from {missing}.")
    return "\n".join(lines)


def _diagram() -> str:
    shared, inside = _sources(), _inside()
    labels: dict[tuple[Step, Step], list[str]] = {}
    for edge in TRANSITIONS:
        if (edge.condition, edge.target) not in shared:
            labels.setdefault((edge.step, edge.target), []).append(_words(edge.condition))
    drawn = {ends: f"{ends[0].name} --> {ends[1].name}: {', '.join(texts)}" for ends, texts in labels.items()}
    lines = ["stateDiagram-v2", "    [*] --> INIT", "    state in_operation {"]
    lines += [f"        {text}" for (a, b), text in drawn.items() if a in inside and b in inside]
    lines += ["    }"]
    lines += [f"    {text}" for (a, b), text in drawn.items() if not (a in inside and b in inside)]
    lines += ['    state "any other step" as any_other']
    reasons: dict[tuple[str, Step], list[str]] = {}
    for (condition, target), steps in shared.items():
        box = "in_operation" if steps <= inside else "any_other"
        reasons.setdefault((box, target), []).append(_words(condition))
    lines += [f"    {box} --> {target.name}: {', '.join(texts)}" for (box, target), texts in reasons.items()]
    return "\n".join(lines)


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
