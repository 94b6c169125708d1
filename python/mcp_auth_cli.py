"""The login of ``mcp-auth`` in Python: install it as a package, or copy this one file.

    httpx.AsyncClient(auth=McpAuth("example"))

The command ``mcp-auth`` (``npm install -g mcp-auth-cli``) keeps the login and alone renews it. Nothing else is needed but
httpx or httpx2, and ``token()`` and ``headers()`` need neither.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import anyio
    import anyio.to_thread
    import httpx
    import httpx2
    from anyio.lowlevel import RunVar
    from mcp.client.auth import OAuthClientProvider

    class _Auth(httpx.Auth, httpx2.Auth):  # type: ignore[misc]
        """Whichever of the two is installed."""

    _byte_streams: tuple[type, ...]
else:
    _libraries = []
    for _name in ("httpx", "httpx2"):
        try:
            _libraries.append(importlib.import_module(_name))
        except ModuleNotFoundError:
            pass
    _Auth = type("_Auth", tuple(one.Auth for one in _libraries), {})
    _byte_streams = tuple(one.ByteStream for one in _libraries)
    if _libraries:  # Both come with it.
        import anyio
        import anyio.to_thread
        from anyio.lowlevel import RunVar

__all__ = ["McpAuth", "McpAuthError", "headers", "mcp_auth_provider", "token"]

_log = logging.getLogger("mcp_auth_cli")
_MOST_SECONDS = 300
"""How long a token is kept where its server did not say when it expires."""
_AMBIGUOUS = re.compile(r"%2e|%2f|%5c|%00|%25|;|\\|//|/\.\.?(/|$)", re.IGNORECASE)
"""What some servers read as a slash or as a step up: such a path may be another one than it seems."""


class McpAuthError(Exception):
    """``mcp-auth`` gave no token. The message is what it said. There is no token in it."""

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        """The exit code of ``mcp-auth``; None where it was not run."""

    @property
    def needs_login(self) -> bool:
        """Whether a person has to log in. The message has the command to run."""
        return self.exit_code == 3


class _Answer:
    """What ``mcp-auth token --json`` printed. Its repr shows nothing of it."""

    def __init__(self, printed: dict[str, Any]) -> None:
        self.token = str(printed["access_token"])
        self.type = str(printed.get("token_type"))
        self.url = str(printed.get("url", ""))
        self.headers = {str(name): str(value) for name, value in printed["headers"].items()}
        until = printed.get("fresh_until")
        self.fresh_until = float(until) if until is not None else time.time() + _MOST_SECONDS

    def covers(self, url: Any) -> bool:
        """Whether a request to this URL may have the token. Both are parsed by whoever sends the request."""
        own = type(url)(self.url)
        if (url.scheme, url.host, url.port) != (own.scheme, own.host, own.port):
            return False
        path, base = (one.raw_path.decode("ascii").split("?")[0] for one in (url, own))
        if path == base:
            return True
        # The older transport gets its messages beside its /sse.
        base = base.removesuffix("/").removesuffix("/sse")
        return path == base or (path.startswith(base + "/") and not _AMBIGUOUS.search(path[len(base) :]))


class _Command:
    """How ``mcp-auth`` is run for one server."""

    def __init__(self, server: str, store: str | os.PathLike[str] | None, command: str | Sequence[str] | None) -> None:
        # It may pass through cmd.exe: nothing in it may mean something there.
        if not re.fullmatch(r"(?!__proto__\Z|-)[A-Za-z0-9_-]+", server):
            raise ValueError("The name of a server has letters, digits, - and _ only. mcp-auth list shows the names.")
        self.server = server
        self.store = None if store is None else os.path.abspath(os.fspath(store))
        self.words = ["mcp-auth"] if command is None else [command] if isinstance(command, str) else list(command)

    def ask(self, refused: str | None = None) -> _Answer:
        """Runs it once. The refused token goes by stdin, which other users of the machine cannot read."""
        if not self.words or (program := shutil.which(self.words[0])) is None:
            raise McpAuthError(f"{' '.join(self.words[:1])} was not found. Install it: npm install -g mcp-auth-cli")
        words = [program, *self.words[1:], "token", self.server, "--json", *([] if refused is None else ["--refused"])]
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if refused is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ if self.store is None else {**os.environ, "MCP_AUTH_STORE": self.store},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise McpAuthError(f"{program} cannot be started: {error.strerror}") from None
        # Not subprocess.run: on Ctrl-C that would kill a renewal under way, and its refresh token would be lost.
        out, err = process.communicate(None if refused is None else f"{refused}\n".encode())
        said = err.decode("utf-8", "replace").strip()
        if process.returncode != 0:
            raise McpAuthError(said or f"mcp-auth ended with exit code {process.returncode}.", process.returncode)
        answer = _parse(out)
        if answer is None:
            raise McpAuthError("mcp-auth printed no token. Update it: npm install -g mcp-auth-cli", process.returncode)
        if answer.type.lower() != "bearer":
            text = f"The token of {self.server} is bound to a key (DPoP), which mcp-auth alone has."
            raise McpAuthError(f"{text} Use: mcp-auth bridge {self.server}", process.returncode)
        if said:
            _log.warning("%s", said)
        return answer


def _parse(out: bytes) -> _Answer | None:
    try:
        return _Answer(json.loads(out))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # The error has what was printed in it.


class McpAuth(_Auth):
    """``auth=`` of httpx and httpx2, sync and async: a valid token with each request to the server, and to nothing else.

    A token that the server turns away is renewed once, and the request is sent again if its body can be. The token and
    the headers that the store has for the server take the place of what the caller has set under their names.

    server: its name in the store (``mcp-auth list``). store: the store's file, if it is not the usual one.
    command: ``mcp-auth``, or the words that run it, as ``("npx", "--no-install", "mcp-auth")``.
    """

    def __init__(
        self, server: str, *, store: str | os.PathLike[str] | None = None, command: str | Sequence[str] | None = None
    ) -> None:
        if not _byte_streams:
            raise McpAuthError("McpAuth needs httpx or httpx2, and neither is installed.")
        self._command = _Command(server, store, command)
        self._latest: _Answer | McpAuthError | None = None
        # The lock is for threads and event loops, and never waited for in a loop; there, tasks take turns.
        self._one_process = threading.Lock()
        self._turn: RunVar[anyio.Lock | None] = RunVar("mcp_auth_cli", None)

    def __repr__(self) -> str:
        return f"McpAuth({self._command.server!r})"

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        steps = self._steps(request, is_async=False)
        try:
            step = next(steps)
            while True:
                step = steps.send(self._answer(*step) if isinstance(step, tuple) else (yield step))
        except StopIteration:
            return
        finally:
            steps.close()

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        steps = self._steps(request, is_async=True)
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._answer_soon(*step) if isinstance(step, tuple) else (yield step))
        except StopIteration:
            return
        finally:
            steps.close()

    def _steps(self, request: Any, *, is_async: bool) -> Generator[Any, Any, None]:
        """A pair asks for a token in the place of the refused one, and is sent an _Answer; a request, its response."""
        answer = yield None, self._latest
        if not answer.covers(request.url):
            yield request
            return
        can_repeat = isinstance(request.stream, _byte_streams)
        before = request.extensions
        try:
            response = yield _with_headers(request, answer, before, is_async)
            sent = response.request
            # A redirect that the client has followed goes without the token, even to where it may be.
            if sent is not request and _is_refused(response) and can_repeat and answer.covers(sent.url):
                request.extensions, request = before, sent
                response = yield _with_headers(request, answer, before, is_async)
            if response.request is not request or not _is_refused(response) or not can_repeat:
                return
            renewed = yield answer.token, self._latest
            if renewed.token != answer.token and renewed.covers(request.url):
                yield _with_headers(request, renewed, before, is_async)
        finally:
            request.extensions = before

    def _known(self, refused: str | None, seen: _Answer | McpAuthError | None) -> _Answer | None:
        """What another task or thread has found out: a fresh token, or whatever came after what this one has seen."""
        latest = self._latest
        if isinstance(latest, McpAuthError):
            if latest is seen:
                return None
            raise McpAuthError(str(latest), latest.exit_code)
        if latest is None or latest.token == refused:
            return None
        return latest if latest is not seen or time.time() < latest.fresh_until else None

    def _answer(self, refused: str | None, seen: _Answer | McpAuthError | None) -> _Answer:
        if known := self._known(refused, seen):
            return known
        with self._one_process:
            if known := self._known(refused, seen):
                return known
            try:
                self._latest = answer = self._command.ask(refused)
            except McpAuthError as error:
                self._latest = error
                raise
            return answer

    async def _answer_soon(self, refused: str | None, seen: _Answer | McpAuthError | None) -> _Answer:
        if known := self._known(refused, seen):
            return known
        turn = self._turn.get()
        if turn is None:
            self._turn.set(turn := anyio.Lock())
        async with turn:
            if known := self._known(refused, seen):
                return known
            # A cancelled request leaves it to end: a renewal that is cut off loses the refresh token.
            answer: _Answer = await anyio.to_thread.run_sync(self._answer, refused, seen, abandon_on_cancel=True)
            return answer


def _with_headers(request: Any, answer: _Answer, extensions: dict[str, Any], is_async: bool) -> Any:
    """
    Puts the headers on for the sending alone, and takes them off as soon as the transport has a copy, which its first trace
    event tells: httpx copies what a request has into the one that follows a redirect, to wherever that leads.
    """
    request.headers.update(answer.headers)
    traced, left = extensions.get("trace"), list(answer.headers)

    def trace(event: str, info: dict[str, Any]) -> Any:
        # At the first event alone: those of reading the response come when the request has its next headers already.
        while left:
            request.headers.pop(left.pop(), None)
        return traced(event, info) if traced else _nothing() if is_async else None

    request.extensions = {**extensions, "trace": trace}
    return request


async def _nothing() -> None:
    pass


def _is_refused(response: Any) -> bool:
    if response.status_code in (400, 403):
        challenge = response.headers.get("WWW-Authenticate", "")
        return re.search(r'\berror\s*=\s*"?invalid_token\b', challenge, re.IGNORECASE) is not None
    return bool(response.status_code == 401)


def token(server: str, *, store: str | os.PathLike[str] | None = None, command: str | Sequence[str] | None = None) -> str:
    """A token that is valid now, from ``mcp-auth`` at each call."""
    return _Command(server, store, command).ask().token


def headers(
    server: str, *, store: str | os.PathLike[str] | None = None, command: str | Sequence[str] | None = None
) -> dict[str, str]:
    """All headers that a request to the server needs, from ``mcp-auth`` at each call."""
    return _Command(server, store, command).ask().headers


def mcp_auth_provider(
    server: str, *, store: str | os.PathLike[str] | None = None, command: str | Sequence[str] | None = None
) -> OAuthClientProvider:
    """
    McpAuth as an ``OAuthClientProvider`` of the MCP Python SDK, for what takes nothing else. A ``TokenStorage`` would not
    do: the SDK reads it once, never learns when the token expires, and then starts an authorization of its own.
    """
    from mcp.client.auth import OAuthClientProvider

    class McpAuthProvider(McpAuth, OAuthClientProvider):  # type: ignore[misc]
        pass

    return McpAuthProvider(server, store=store, command=command)
