"""Run all benchmarks, or those named, and print one table: ``python -m benchmarks [tick modbus ...]``."""

import importlib
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table


def main(names: list[str]) -> int:
    available = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = [name for name in names if name not in available]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(available)}", file=sys.stderr)
        return 2
    console = Console()
    table = Table(title=f"Python {platform.python_version()} on {platform.machine()}; medians", title_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right")
    for name in names or available:
        with console.status(f"measuring {name}"):
            rows = importlib.import_module(f"benchmarks.bench_{name}").rows()
        table.add_section()
        for what, measured in rows:
            table.add_row(what, measured)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
