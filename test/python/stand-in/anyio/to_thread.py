import asyncio
import threading


async def run_sync(function, *arguments, abandon_on_cancel=False):
    """As anyio does: without abandon_on_cancel, a task that is cancelled waits for the thread."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def settle(set_it, value):
        if not future.done():
            set_it(value)

    def work():
        try:
            then = (future.set_result, function(*arguments))
        except BaseException as error:
            then = (future.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *then)

    threading.Thread(target=work).start()
    if abandon_on_cancel:
        return await future
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await future
        raise
