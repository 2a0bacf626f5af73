"""What helpers share that are a ``with`` block and a decorator."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator, ExitStack
from typing import Self, override


class Block(ContextDecorator, ABC):
    """A ``with`` block that decorates functions too. Blocks may be nested; the inner one counts."""

    def __init__(self) -> None:
        """Does nothing yet."""
        self._stack = ExitStack()

    @abstractmethod
    def _inside(self) -> AbstractContextManager[None]:
        """What holds inside the block."""

    @abstractmethod
    def _recreate_cm(self) -> Self:
        """Another block like this: each run of a decorated function has its own."""

    def __enter__(self) -> None:
        """Enters the block."""
        self._stack.enter_context(self._inside())

    def __exit__(self, *_: object) -> None:
        """Sets back what was before."""
        self._stack.close()

    @override
    def __call__[F: Callable[..., object]](self, func: F) -> F:
        """Decorates a function.

        Raises:
            TypeError: it is a class, whose tests would no longer be found.
        """
        if isinstance(func, type):
            raise TypeError(f"{type(self).__name__} decorates functions, not classes")
        return super().__call__(func)
