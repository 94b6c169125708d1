"""What mcp_auth_cli uses of anyio, on asyncio alone. As strict as anyio: a lock belongs to the loop that it was first used in."""

import asyncio


class Lock:
    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()

    async def __aenter__(self):
        assert self._loop is asyncio.get_running_loop(), "a lock of another loop"
        await self._lock.acquire()

    async def __aexit__(self, *_):
        self._lock.release()
