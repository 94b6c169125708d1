import asyncio
import weakref

_values = weakref.WeakKeyDictionary()


class RunVar:
    """A variable of the loop that runs."""

    def __init__(self, name, default):
        self._default = default

    def __class_getitem__(cls, _):
        return cls

    def get(self):
        return _values.get(asyncio.get_running_loop(), {}).get(self, self._default)

    def set(self, value):
        _values.setdefault(asyncio.get_running_loop(), {})[self] = value
