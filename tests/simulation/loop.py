"""An event loop in virtual time: nothing waits, the clock jumps to the next timer. One thread, always the same order.

Blocking code of a thread of its own runs as a callback that turns the loop itself while it waits (`wait`).
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable
from concurrent import futures
from typing import Any

from tests.simulation.life import LIFE
from tests.simulation.network import End, Network, Server

MOST_AT_ONCE = 50_000  # callbacks without any time going by: a busy loop


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time is a number."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 1_000_000.0  # seconds
        self._same = 0
        self.turns = 0
        self.signals = 0  # grows whenever something happened that a `wait` may be for
        self.network = Network(self)
        self.set_task_factory(_task)

    def time(self) -> float:
        """The virtual time."""
        return self._virtual

    def _run_once(self) -> None:
        """One callback; the next timer when none is ready."""
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not self._ready and not self._stopping:
            assert scheduled, "nothing is left to happen"
            if scheduled[0]._when > self._virtual:
                self._virtual, self._same = scheduled[0]._when, 0
        while scheduled and (scheduled[0]._when <= self._virtual or scheduled[0]._cancelled):
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            self._ready.append(timer)
        if self._ready:
            handle = self._ready.popleft()
            self.turns += 1
            self._same += 1
            assert self._same < MOST_AT_ONCE, f"a busy loop: {handle}"
            if not handle._cancelled:
                handle._run()

    def wait(self, ready: Callable[[], object], seconds: float) -> bool:
        """Turn the loop until `ready`, for so many seconds at most; for a callback that stands for a thread."""
        life, ended, seen, found = LIFE.get(), [], -1, False
        timer = self.call_later(seconds, ended.append, True)
        try:
            while not ended:
                if self.signals != seen:
                    seen = self.signals
                    if found := bool(ready()):
                        break
                self._run_once()
                if life:
                    life.require()
        finally:
            timer.cancel()
        return found

    def signal(self, *_: object) -> None:
        """What a `wait` is for may have happened."""
        self.signals += 1

    # ── what a loop is asked for ────────────────────────────────────────────────────────

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Run it now; the result comes with the next turn, as from a thread."""
        answer: asyncio.Future[Any] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:
            self.call_soon(_refuse, answer, error)
        else:
            self.call_soon(_answer, answer, result)
        return answer

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **more: Any) -> Any:
        """Connect within the simulated network."""
        end = more.get("sock")
        if isinstance(end, End):
            return end.open(protocol_factory())
        return await self.network.connect(protocol_factory, host, port)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Server:
        """Listen within the simulated network."""
        return self.network.listen(protocol_factory, host, port)

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        """Signals of this process are none of the desk."""

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _answer(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _refuse(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _task(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coro, loop=loop, **more)
    if life := LIFE.get():
        life.tasks.add(task)
        task.add_done_callback(life.tasks.discard)
    return task


class Answer(futures.Future[Any]):
    """What a thread waits for that asks the loop (`asyncio.run_coroutine_threadsafe`)."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def result(self, timeout: float | None = None) -> Any:
        """Turn the loop until there is an answer."""
        if not self.done() and not self._loop.wait(self.done, timeout or 1e9):
            raise TimeoutError
        return super().result(0)


def ask(coro: Any, loop: asyncio.AbstractEventLoop) -> Answer:
    """`asyncio.run_coroutine_threadsafe` within one thread."""
    assert isinstance(loop, VirtualLoop)
    answer = Answer(loop)
    answer.add_done_callback(loop.signal)

    def begin() -> None:
        task = loop.create_task(coro)

        def done(_: object) -> None:
            if task.cancelled():
                answer.cancel()
            elif error := task.exception():
                answer.set_exception(error)
            else:
                answer.set_result(task.result())

        task.add_done_callback(done)

    loop.call_soon(begin)
    return answer


def current() -> VirtualLoop:
    """The loop that runs."""
    loop = events.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
