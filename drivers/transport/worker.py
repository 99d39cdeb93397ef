"""One thread that owns the handles of a blocking library, so that the loop never waits for it."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

Job = Callable[[], None]


class Worker:
    """Runs jobs one after the other on a thread of its own, started with the first job.

    A job that outlives its time-out cannot be ended: its thread is left behind (it ends when the library lets go) and
    the next job gets a fresh one. Handles that the old thread held must then be opened again.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._jobs: queue.SimpleQueue[Job | None] | None = None

    async def call(self, job: Callable[[], T], timeout: float, *, left_behind: Job | None = None) -> T:
        """The job's result or exception. TimeoutError, and a thread left behind, after `timeout` s; that thread then
        does `left_behind` as its last work, whenever it gets to it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 - whatever the library raises belongs to the caller
                _tell(loop, answer, error=error)
            else:
                _tell(loop, answer, result=result)

        self._queue().put(run)
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            if self._jobs is not None and left_behind is not None:
                self._jobs.put(left_behind)
            self.stop()
            raise

    def stop(self) -> None:
        """Lets the thread end after the jobs it already has. A later `call` starts a new one."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None

    def _queue(self) -> "queue.SimpleQueue[Job | None]":
        if self._jobs is None:
            self._jobs = queue.SimpleQueue()
            thread = threading.Thread(  # noqa: TID251 - drivers/transport is where threads live
                target=_work, args=(self._jobs,), name=self.name, daemon=True
            )
            thread.start()
        return self._jobs


def _work(jobs: "queue.SimpleQueue[Job | None]") -> None:
    while (job := jobs.get()) is not None:
        job()


def _tell(
    loop: asyncio.AbstractEventLoop,
    answer: "asyncio.Future[T]",
    *,
    result: T | None = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None only where T itself is None

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        pass  # the loop has ended; nobody waits any more
