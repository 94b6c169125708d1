"""The checks of scripts/test-python.ts with the real MCP SDK, FastMCP, httpx and httpx2. Prints one JSON value."""

import asyncio
import importlib.util
import json
import os
import re
import sys
import tempfile
import time

URL, STORE, COMMAND = os.environ["URL"], os.environ["STORE"], json.loads(os.environ["COMMAND"])
LIFE = float(os.environ["LIFE"])


def auth(kind="McpAuth"):
    import mcp_auth_cli

    return getattr(mcp_auth_cli, kind)("demo", store=STORE, command=COMMAND)


async def outlive(sleep):
    """Wait until the first token has expired."""
    await sleep(LIFE + 1)


async def sdk_session(kind="McpAuth", sleep=asyncio.sleep, gather=None):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(auth=auth(kind), timeout=30) as http_client:
        async with Client(streamable_http_client(URL, http_client=http_client)) as client:
            tools = sorted(tool.name for tool in (await client.list_tools()).tools)
            await outlive(sleep)
            calls = await (gather or asyncio.gather)(*(client.call_tool("greet", {}) for _ in range(10)))
            return [tools, sum("Hello" in call.content[0].text for call in calls)]


def sdk():
    return asyncio.run(sdk_session())


def provider():
    from mcp.client.auth import OAuthClientProvider

    assert isinstance(auth("mcp_auth_provider"), OAuthClientProvider)
    return asyncio.run(sdk_session("mcp_auth_provider"))


def sdk_trio():
    import trio

    async def gather(*calls):
        answers = []

        async def one(call):
            answers.append(await call)

        async with trio.open_nursery() as nursery:
            for call in calls:
                nursery.start_soon(one, call)
        return answers

    async def main():
        return await sdk_session(sleep=trio.sleep, gather=gather)

    return trio.run(main)


async def fastmcp_session(how):
    from fastmcp import Client

    async with Client(URL, auth=how) as client:
        tools = sorted(tool.name for tool in await client.list_tools())
        await outlive(asyncio.sleep)
        calls = await asyncio.gather(*(client.call_tool("greet", {}) for _ in range(10)), return_exceptions=True)
        return [tools, sum("Hello" in str(getattr(call, "content", "")) for call in calls)]


def fastmcp():
    return asyncio.run(fastmcp_session(auth()))


def fastmcp_token():
    import mcp_auth_cli

    return asyncio.run(fastmcp_session(mcp_auth_cli.token("demo", store=STORE, command=COMMAND)))


def fastmcp_store():
    from fastmcp import Client

    with open(STORE) as file:
        try:
            Client(json.load(file))
        except Exception as error:
            return [type(error).__name__, sorted(set(re.findall(r"\bauth\b", str(error))))]
    return "taken"


async def tools_of(config):
    from fastmcp import Client

    async with Client(config) as client:
        return sorted(tool.name for tool in await client.list_tools())


def fastmcp_config():
    return asyncio.run(tools_of(json.loads(os.environ["CONFIG"])))


async def stdio(words):
    from mcp import Client, StdioServerParameters

    async with Client(StdioServerParameters(command=words[0], args=words[1:])) as client:
        return sorted(tool.name for tool in (await client.list_tools()).tools)


def stdio_without_store():
    from mcp.client.stdio import get_default_environment

    os.environ["MCP_AUTH_STORE"] = STORE
    passed_on = "MCP_AUTH_STORE" in get_default_environment()
    # An empty home folder has no default store.
    os.environ["HOME"] = tempfile.mkdtemp()
    try:
        return [passed_on, asyncio.run(stdio([*COMMAND, "bridge", "demo"]))]
    except Exception:
        return [passed_on, "failed"]


def stdio_with_store():
    return asyncio.run(stdio([*COMMAND, "bridge", "demo", "--store", STORE]))


def plain(name, is_async=True):
    library = importlib.import_module(name)
    ping = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    more = {"json": ping, "headers": {"Accept": "application/json, text/event-stream"}}

    async def soon(sleep):
        async with library.AsyncClient(auth=auth()) as client:
            first = (await client.post(URL, **more)).status_code
            await outlive(sleep)
            return [first, (await client.post(URL, **more)).status_code]

    if is_async == "trio":
        import trio

        return trio.run(soon, trio.sleep)
    if is_async:
        return asyncio.run(soon(asyncio.sleep))
    with library.Client(auth=auth()) as client:
        first = client.post(URL, **more).status_code
        time.sleep(LIFE + 1)
        return [first, client.post(URL, **more).status_code]


def httpx_async():
    return plain("httpx")


def httpx_sync():
    return plain("httpx", False)


def httpx_trio():
    return plain("httpx", "trio")


def httpx2_async():
    return plain("httpx2")


def httpx2_sync():
    return plain("httpx2", False)


def httpx2_trio():
    return plain("httpx2", "trio")


def neither():
    """Neither httpx nor httpx2 is installed."""
    import mcp_auth_cli

    try:
        auth()
        return "McpAuth without httpx"
    except mcp_auth_cli.McpAuthError:
        pass
    there = [name for name in ("httpx", "httpx2", "anyio") if importlib.util.find_spec(name)]
    headers = mcp_auth_cli.headers("demo", store=STORE, command=COMMAND)
    return [there, headers["Authorization"] == "Bearer " + mcp_auth_cli.token("demo", store=STORE, command=COMMAND)]


def pflow_stand_in():
    """Treat the file as pflow does: load it, keep it in memory, and save all of it without a lock."""
    import urllib.error
    import urllib.request

    with open(STORE) as file:
        loaded = json.load(file)
    entry = loaded["mcpServers"]["demo"]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", "demo") and entry["type"] == "http" and entry["auth"]["type"] == "bearer"
    request = urllib.request.Request(URL, b"{}", {"Authorization": f"Bearer {entry['auth']['token']}", "Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request)
        status = 200
    except urllib.error.HTTPError as error:
        status = error.code
    loaded["mcpServers"]["other"] = {"type": "http", "url": "https://other.example/mcp"}
    with open(STORE + ".tmp", "w") as file:
        file.write(json.dumps(loaded, indent=2, sort_keys=True) + "\n")
    os.chmod(STORE + ".tmp", 0o600)
    os.replace(STORE + ".tmp", STORE)
    time.sleep(LIFE + 1)
    import mcp_auth_cli

    renewed = mcp_auth_cli.token("demo", store=STORE, command=COMMAND) != entry["auth"]["token"]
    with open(STORE) as file:
        return ["refused" if status == 401 else "taken", renewed, sorted(json.load(file)["mcpServers"])]


print(json.dumps(globals()[sys.argv[1]]()))
