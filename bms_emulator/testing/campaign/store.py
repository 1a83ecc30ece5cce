"""Results on disk: one line for each run, so that a campaign that was interrupted goes on where it stopped."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bms_emulator.testing.campaign.plan import Plan
from bms_emulator.testing.campaign.result import Shown

LINES: Final = "runs.jsonl"


class StoreError(ValueError):
    """A folder of results that does not fit. The message says which and why."""


class Store:
    """Results of a campaign in a folder; a context manager.

    Args:
        folder: Folder, made where there is none.
        plan: The campaign.
        fresh: Whether to begin anew; else what is there is kept.

    Attributes:
        shown: What runs have shown, by number.

    Raises:
        StoreError: The folder holds results of another campaign, or cannot be written.
    """

    def __init__(self, folder: Path, plan: Plan, fresh: bool = False) -> None:
        self.path = folder / LINES
        self.shown: dict[int, Shown] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not fresh:
                self._read(plan)
            if fresh or not self.path.exists():
                heading = {"file": plan.file, "campaign": plan.campaign.name, "digest": plan.digest}
                self.path.write_text(json.dumps(heading | {"runs": len(plan.runs)}) + "\n", encoding="utf-8")
            self._out = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()

    def add(self, shown: Shown) -> None:
        """Keep what a run showed."""
        self.shown[shown.number] = shown
        self._out.write(json.dumps(shown.as_dict()) + "\n")
        self._out.flush()

    def missing(self, plan: Plan) -> list[int]:
        """Numbers of the runs that are still to be made."""
        return [run.number for run in plan.runs if run.number not in self.shown or self.shown[run.number].error]

    def _read(self, plan: Plan) -> None:
        heading, self.shown = read_lines(self.path)
        if heading["digest"] != plan.digest:
            raise StoreError(
                f"{self.path}: holds results of another campaign, or of this one before it or its site was changed; "
                "begin anew with --fresh, or write to another folder with --output"
            )
        with self.path.open("rb+") as stream:  # a line that was cut off is written anew
            content = stream.read()
            stream.truncate(content.rfind(b"\n") + 1)
            os.fsync(stream.fileno())


def read_lines(path: Path) -> tuple[dict[str, Any], dict[int, Shown]]:
    """Heading and results of a file; a last line that was cut off is left out.

    Raises:
        StoreError: It holds no results.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        heading = json.loads(lines[0])
        shown = _results(json.loads(line) for line in lines[1:])
        if not isinstance(heading, dict) or "digest" not in heading:
            raise ValueError("no heading")
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise StoreError(f"{path}: holds no results of a campaign: {error}") from None
    return heading, shown


def _results(rows: Iterable[dict[str, Any]]) -> dict[int, Shown]:
    return {row["number"]: Shown.of(row) for row in rows}
