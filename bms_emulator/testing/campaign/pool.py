"""Makes the runs of a campaign on all cores, each process with its own emulator."""

import os
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from bms_emulator.testing.campaign.result import Shown
from bms_emulator.testing.campaign.work import make_run, plan_of


class PoolError(RuntimeError):
    """A process of the campaign has died."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_runs(file: str, numbers: Sequence[int], jobs: int) -> Generator[Shown, None, None]:
    """What runs have shown, in the order in which they end.

    Closing the iterator waits for the runs that have begun, and begins no others.

    Args:
        file: The campaign's file.
        numbers: Numbers of its runs.
        jobs: Processes.

    Raises:
        PoolError: A process has died.
    """
    with ProcessPoolExecutor(min(jobs, len(numbers)), get_context("spawn"), _ignore_interrupts) as pool:
        try:
            futures: list[Future[Shown]] = [pool.submit(_run, file, number) for number in numbers]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise PoolError(
                "a process of the campaign has died; what was done is kept, run it again to go on"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it decides


def _run(file: str, number: int) -> Shown:
    plan = plan_of(file)
    return make_run(plan, plan.runs[number - 1])
