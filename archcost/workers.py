"""Who works out the parts of a large job: this process, others or a cluster; in order, until it is stopped."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType
from typing import Any, TypeVar

from archcost.errors import ArchcostError

AHEAD = 16  # parts that are handed out before the first of them is taken back
Part = TypeVar("Part")
Done = TypeVar("Done")
Submit = Callable[..., Any]  # of any executor of concurrent.futures, or a client of Dask


@contextmanager
def executor(workers: int | None, scheduler: str | None) -> Iterator[Submit | None]:
    """What hands parts out: local processes, a Dask cluster, or nothing: then they are worked out here."""
    if workers and scheduler:
        raise ArchcostError("either --workers or --scheduler: a cluster has workers of its own")
    if scheduler:
        if find_spec("distributed") is None:
            raise ArchcostError("a scheduler needs Dask: pip install 'archcost[dask]'")
        from distributed import Client

        try:
            client: Any = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ArchcostError(f"there is no Dask scheduler at {scheduler}: {error}") from error
        with client:
            yield client.submit
    elif workers and workers > 1:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(workers, initializer=_deaf) as pool:
            try:
                yield pool.submit
            finally:
                pool.shutdown(cancel_futures=True)
    else:
        yield None


def _deaf() -> None:
    """A worker leaves Ctrl-C to the process that hands out the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def in_order(submit: Submit | None, work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterator[Done]:
    """What some parts become, in their order: by `submit`, some at a time, or here, one by one."""
    if submit is None:
        yield from map(work, parts)
        return
    waiting: deque[Any] = deque()
    for part in parts:
        waiting.append(submit(work, part))
        if len(waiting) >= AHEAD:
            yield _result(waiting.popleft())
    while waiting:
        yield _result(waiting.popleft())


class Lost(Exception):
    """Workers that died, or a cluster that is gone."""


def _result(future: Any) -> Any:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise Lost("a worker died") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "distributed":
            raise Lost("the cluster is gone") from error
        raise


class Stop:
    """Whether a job is to end early, and why. Ctrl-C ends the part at work; what is finished is still written."""

    def __init__(self) -> None:
        self.why = ""
        self.working = False

    @property
    def by_user(self) -> bool:
        """Whether it was Ctrl-C."""
        return self.why == "by Ctrl-C"

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():  # no other hears signals
            self.before = signal.signal(signal.SIGINT, self._asked)
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self.before)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        again, self.why = self.by_user, "by Ctrl-C"
        if self.working or again:
            raise KeyboardInterrupt

    def until(self, items: Iterator[Done]) -> Iterator[Done]:
        """The items that are finished before the job is stopped."""
        while not self.why:
            try:
                self.working = True
                item = next(items)
                self.working = False
            except StopIteration:
                return
            except KeyboardInterrupt:
                self.why = "by Ctrl-C"
                return
            except Lost as error:
                self.why = str(error)
                return
            finally:
                self.working = False
            yield item
