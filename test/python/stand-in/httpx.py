"""
What httpx says of its Auth, in Python's own http.client: the flow's generators are sent responses and closed, a redirect is
followed below the flow with a copy of the headers, a stream is read once, and the trace extension is a coroutine in an
async client alone.
"""

import asyncio
import http.client
import inspect
from collections.abc import MutableMapping
from urllib.parse import urljoin, urlsplit


class Auth:
    requires_request_body = False
    requires_response_body = False


class StreamConsumed(RuntimeError):
    pass


class ByteStream:
    def __init__(self, content):
        self._content = content

    def __iter__(self):
        yield self._content


class OnceStream:
    def __init__(self, chunks):
        self._chunks = chunks
        self._is_consumed = False

    def __iter__(self):
        if self._is_consumed:
            raise StreamConsumed
        self._is_consumed = True
        yield from self._chunks


class URL:
    def __init__(self, url):
        assert isinstance(url, str)
        self._url = url
        parts = urlsplit(url)
        self.scheme, self.host = parts.scheme.lower(), (parts.hostname or "").lower()
        default = {"http": 80, "https": 443}.get(self.scheme)
        self.port = None if parts.port == default else parts.port
        self.raw_path = ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode("ascii")

    def __str__(self):
        return self._url

    @property
    def origin(self):
        return self.scheme, self.host, self.port


class Headers(MutableMapping):
    def __init__(self, headers=()):
        self._all = {}
        self.update(headers)

    def __getitem__(self, name):
        return self._all[name.lower()][1]

    def __setitem__(self, name, value):
        assert isinstance(value, str)
        self._all[name.lower()] = (name, value)

    def __delitem__(self, name):
        del self._all[name.lower()]

    def __iter__(self):
        return iter(self._all)

    def __len__(self):
        return len(self._all)


class Request:
    def __init__(self, method, url, headers=(), content=b"", stream=None, extensions=None):
        self.method, self.url, self.headers = method, URL(str(url)), Headers(headers)
        self.extensions = dict(extensions or {})
        self.stream = stream or (ByteStream(content) if isinstance(content, bytes) else OnceStream(content))


class Response:
    def __init__(self, status_code, headers, content, request):
        self.status_code, self.headers, self.request = status_code, headers, request
        self._content, self._is_read = content, False

    def read(self):
        self._is_read = True
        return self._content

    @property
    def text(self):
        if not self._is_read:
            raise RuntimeError("ResponseNotRead")
        return self._content.decode()


def _sent(request, headers):
    connection = http.client.HTTPConnection(request.url.host, request.url.port or 80)
    try:
        connection.request(request.method, request.url.raw_path.decode(), b"".join(request.stream), dict(headers))
        answer = connection.getresponse()
        return Response(answer.status, Headers(answer.getheaders()), answer.read(), request)
    finally:
        connection.close()


def _redirected(request, response):
    url = URL(urljoin(str(request.url), response.headers["location"]))
    headers = Headers(request.headers)
    if url.origin != request.url.origin:
        headers.pop("Authorization", None)
    keeps = response.status_code in (307, 308)
    method, stream = (request.method, request.stream) if keeps else ("GET", None)
    return Request(method, url, headers, stream=stream, extensions=request.extensions)


class _Client:
    def __init__(self, auth, follow_redirects=False):
        assert isinstance(auth, Auth), "not an Auth"
        self._auth, self._follows = auth, follow_redirects

    def _follow(self, request, response):
        return _redirected(request, response) if self._follows and "location" in response.headers else None


class Client(_Client):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def request(self, method, url, **more):
        return self.send(Request(method, url, **more))

    def get(self, url, **more):
        return self.request("GET", url, **more)

    def send(self, request):
        flow = self._auth.sync_auth_flow(request)
        assert inspect.isgenerator(flow)
        try:
            request = next(flow)
            while True:
                response = self._followed(request)
                trace = response.request.extensions.get("trace")
                try:
                    request = flow.send(response)
                    if trace:
                        trace("http11.receive_response_body.started", {})
                except StopIteration:
                    response.read()
                    return response
        finally:
            flow.close()

    def _followed(self, request):
        while True:
            headers = Headers(request.headers)
            if trace := request.extensions.get("trace"):
                assert not inspect.iscoroutine(trace("http11.send_request_headers.started", {}))
            response = _sent(request, headers)
            after = self._follow(request, response)
            if after is None:
                return response
            request = after


class AsyncClient(_Client):
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def request(self, method, url, **more):
        return await self.send(Request(method, url, **more))

    async def get(self, url, **more):
        return await self.request("GET", url, **more)

    async def send(self, request):
        flow = self._auth.async_auth_flow(request)
        assert inspect.isasyncgen(flow)
        try:
            request = await flow.__anext__()
            while True:
                response = await self._followed(request)
                trace = response.request.extensions.get("trace")
                try:
                    request = await flow.asend(response)
                    if trace:
                        await trace("http11.receive_response_body.started", {})
                except StopAsyncIteration:
                    response.read()
                    return response
        finally:
            await flow.aclose()

    async def _followed(self, request):
        while True:
            headers = Headers(request.headers)
            if trace := request.extensions.get("trace"):
                await trace("http11.send_request_headers.started", {})
            response = await asyncio.to_thread(_sent, request, headers)
            after = self._follow(request, response)
            if after is None:
                return response
            request = after
