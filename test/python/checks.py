"""What python/mcp_auth_cli.py has to do. `python3 checks.py NAME` does one of them; python.test.ts sets the scene."""

import asyncio
import importlib
import inspect
import json
import logging
import os
import sys
import threading
import time
import traceback
import urllib.request
from unittest import mock

import mcp_auth_cli
from mcp_auth_cli import McpAuth, McpAuthError, headers, token

httpx = importlib.import_module(os.environ.get("LIBRARY", "httpx"))
SCENE = json.loads(os.environ.pop("SCENE"))
URL, ORIGIN = SCENE["url"], SCENE["url"].removesuffix("/mcp")


def auth(**more):
    return McpAuth("demo", **{"store": SCENE["store"], "command": SCENE["command"], **more})


def processes():
    with open(SCENE["log"]) as file:
        return [line.strip() for line in file]


def same(seen, wanted):
    assert seen == wanted, f"{seen!r} is not {wanted!r}"


def text_of(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


async def parallel_one_process():
    one = auth()
    async with httpx.AsyncClient(auth=one) as client:
        tasks = [asyncio.create_task(client.request("POST", URL)) for _ in range(10)]
        # The process waits for the gate, and this loop alone opens it: one that is held never comes here.
        while not os.path.exists(SCENE["log"]):
            await asyncio.sleep(0)
        open(SCENE["gate"], "w").close()
        same([answer.status_code for answer in await asyncio.gather(*tasks)], [200] * 10)
        for _ in range(100):
            same((await client.request("POST", URL)).status_code, 200)
    same(processes(), ["token demo --json"])


async def refused_renewed_once():
    one = auth()
    async with httpx.AsyncClient(auth=one) as client:
        answers = await asyncio.gather(*(client.request("POST", URL, content=b'{"a":1}') for _ in range(10)))
        same([answer.text for answer in answers], ["renewed"] * 10)
    same(processes(), ["token demo --json", "token demo --json --refused"])


def refused_renewed_once_sync():
    with httpx.Client(auth=auth()) as client:
        same(client.request("POST", URL, content=b"x").text, "renewed")
        same(client.request("POST", URL, content=b"x").text, "renewed")
    same(processes(), ["token demo --json", "token demo --json --refused"])


def second_refusal():
    with httpx.Client(auth=auth()) as client:
        same(client.request("POST", URL).status_code, SCENE["status"])
    same(len(processes()), SCENE["processes"])


def stream_is_not_repeated():
    with httpx.Client(auth=auth()) as client:
        same(client.request("POST", URL, content=iter([b"once"])).status_code, 401)
    same(processes(), ["token demo --json"])


def places():
    with httpx.Client(auth=auth()) as client:
        for path in ["/mcp", "/mcp?x=/../", "/mcp/", "/mcp/x", "/mcp/a.b/c"]:
            same((path, client.get(ORIGIN + path).text), (path, "Bearer old-token key-1"))
        upper = ORIGIN.replace("http:", "HTTP:").replace("127.0.0.1", "127.0.0.1")
        same(client.get(f"{upper}/mcp").text, "Bearer old-token key-1")
        nowhere = [
            "/",
            "/mcp2",
            "/other",
            "/MCP",
            "/mcp/../x",
            "/mcp/%2e%2e/x",
            "/mcp/a%2Fb",
            "/mcp/%5cx",
            "/mcp//x",
            "/mcp/x;y",
            "/mcp/..",
        ]
        for url in [*(ORIGIN + path for path in nowhere), SCENE["elsewhere"] + "/mcp", ORIGIN.replace("127.0.0.1", "localhost") + "/mcp"]:
            same((url, client.get(url, headers={"Authorization": "mine"}).text), (url, "mine none"))
        same(client.get(URL, headers={"authorization": "mine", "x-api-key": "mine"}).text, "Bearer old-token key-1")


def sse_siblings():
    with httpx.Client(auth=auth()) as client:
        same(client.get(f"{ORIGIN}/a/sse").text, "Bearer old-token key-1")
        same(client.get(f"{ORIGIN}/a/messages/1?session=2").text, "Bearer old-token key-1")
        same(client.get(f"{ORIGIN}/b/messages").text, "none none")


def default_ports():
    answer = mcp_auth_cli._Answer({"access_token": "x", "headers": {}, "url": "https://Server.example/mcp"})
    assert answer.covers(httpx.URL("https://server.example:443/mcp"))
    for url in ["http://server.example/mcp", "https://server.example:8443/mcp", "https://server.example.evil/mcp"]:
        assert not answer.covers(httpx.URL(url)), url


async def redirects():
    traced = []

    async def trace(event, info):
        traced.append(event)

    async with httpx.AsyncClient(auth=auth(), follow_redirects=True) as client:
        for path in ["/mcp/away", "/mcp/other"]:
            same((path, (await client.get(ORIGIN + path, extensions={"trace": trace})).text), (path, "none none"))
        same((await client.request("POST", f"{ORIGIN}/mcp/slash", content=b"body")).text, "Bearer old-token key-1 body")
    assert traced, "the caller's own trace receives nothing"
    with httpx.Client(auth=auth(), follow_redirects=True) as client:
        same(client.get(f"{ORIGIN}/mcp/away").text, "none none")
        same(client.request("POST", f"{ORIGIN}/mcp/slash", content=b"body").text, "Bearer old-token key-1 body")


async def cancel_leaves_the_renewal():
    async with httpx.AsyncClient(auth=auth()) as client:
        task = asyncio.create_task(client.request("POST", URL))
        await asyncio.to_thread(text_of, f"{ORIGIN}/held")
        task.cancel()
        try:
            await task
            raise AssertionError("not cancelled")
        except asyncio.CancelledError:
            pass
        # Only now does the token endpoint answer.
        await asyncio.to_thread(text_of, f"{ORIGIN}/release")
        same((await client.request("POST", URL)).text, "renewed")
    same(processes(), ["token demo --json"])


def expiry_asks_again():
    one = auth()
    with httpx.Client(auth=one) as client:
        same(client.request("POST", URL).status_code, 200)
        until = SCENE["until"]
        for now, asked in [(until - 1, 1), (until + 1, 2)]:
            with mock.patch.object(time, "time", lambda now=now: now):
                same(client.request("POST", URL).status_code, 200)
            same(len(processes()), asked)


def unknown_expiry():
    one, now = auth(), time.time()
    with httpx.Client(auth=one) as client:
        for later, asked in [(0, 1), (299, 1), (302, 2)]:
            with mock.patch.object(time, "time", lambda later=later: now + later):
                same(client.request("POST", URL).status_code, 200)
            same(len(processes()), asked)


def threads_and_loops():
    one, done = auth(), []

    async def both():
        async with httpx.AsyncClient(auth=one) as client:
            answers = await asyncio.gather(client.request("POST", URL), client.request("POST", URL))
            done.extend(answer.status_code for answer in answers)

    def plain():
        with httpx.Client(auth=one) as client:
            done.append(client.request("POST", URL).status_code)

    threads = [threading.Thread(target=work) for work in [lambda: asyncio.run(both()), plain] * 4]
    for thread in threads:
        thread.start()
    open(SCENE["gate"], "w").close()
    for thread in threads:
        thread.join()
    # Loops in turn, the ones before gone.
    for _ in range(3):
        one._latest = None
        asyncio.run(both())
    same(done, [200] * 18)
    same(len(processes()), 4)


async def login_needed():
    for ask in [token, headers]:
        try:
            ask("demo", store=SCENE["store"], command=SCENE["command"])
            raise AssertionError("no error")
        except McpAuthError as error:
            same((error.exit_code, error.needs_login), (3, True))
            assert "mcp-auth login demo" in str(error), str(error)
    before = len(processes())
    async with httpx.AsyncClient(auth=auth()) as client:
        errors = await asyncio.gather(*(client.request("POST", URL) for _ in range(10)), return_exceptions=True)
    same([getattr(error, "needs_login", error) for error in errors], [True] * 10)
    same(len(processes()), before + 1)


def no_command():
    for command in ["no-such-mcp-auth", ["no-such-mcp-auth", "x"], []]:
        try:
            token("demo", command=command)
            raise AssertionError("no error")
        except McpAuthError as error:
            same((error.exit_code, error.needs_login), (None, False))
            assert "npm install -g mcp-auth-cli" in str(error), str(error)
    for name in ["", "a b", "__proto__", "a&b", "--help", "a\n", "é"]:
        try:
            McpAuth(name)
            raise AssertionError(name)
        except ValueError:
            pass


def bound_to_a_key():
    try:
        token("demo", store=SCENE["store"], command=SCENE["command"])
        raise AssertionError("no error")
    except McpAuthError as error:
        assert "mcp-auth bridge demo" in str(error), str(error)


def plain():
    same(token("demo", store=SCENE["store"], command=SCENE["command"]), "old-token")
    same(headers("demo", store=SCENE["store"], command=SCENE["command"]), {"x-api-key": "key-1", "Authorization": "Bearer old-token"})
    same(sys.stdin.read(), "stdin of the app")


def no_secrets():
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    one = auth()
    with httpx.Client(auth=one) as client:
        request = httpx.Request("POST", URL, content=b"x")
        same(client.send(request).text, "renewed")
    assert not set(request.headers) & {"authorization", "x-api-key"}, "the request still has them"
    print(one, repr(one), vars(one), one._latest)
    with mock.patch.object(mcp_auth_cli.json, "loads", lambda text: json.JSONDecoder().decode(text.decode() + "}")):
        try:
            token("demo", store=SCENE["store"], command=SCENE["command"])
            raise AssertionError("no error")
        except McpAuthError as error:
            assert error.__context__ is None
            traceback.print_exc(file=sys.stdout)


check = globals()[sys.argv[1]]
if inspect.iscoroutinefunction(check):
    asyncio.run(check())
else:
    check()
