"""What a client may take of the door, at the socket: bytes, time and connections all have an end."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from tests.surfaces.echo import EchoGate, keeper
from tests.surfaces.serving import make_app, served

from metricgate.surfaces.http.connection_limits import ConnectionLimits

KEY = b"mg_good"
HOST = b"Host: gate.test\r\n"
LIMITS = ConnectionLimits(
    connections=20,
    head_bytes=8_192,
    head_seconds=0.4,
    body_bytes=65_536,
    body_seconds=0.4,
    idle_seconds=0.4,
    answer_seconds=0.5,
)
SOON = 3.0


class Client:
    """A socket that speaks bytes."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> None:
        """Send; a door that hangs up meanwhile is no failure."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            pass

    async def hear(self) -> bytes:
        """Return everything until the door hangs up."""
        try:
            return await asyncio.wait_for(self.reader.read(-1), SOON)
        except ConnectionError:
            return b""

    async def answer(self) -> tuple[int, dict[str, object]]:
        """Return status and JSON of the next answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SOON)
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split()[1]), json.loads(await asyncio.wait_for(self.reader.readexactly(length), SOON))

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


async def connected(url: str) -> Client:
    port = int(url.rpartition(":")[2])
    return Client(*await asyncio.open_connection("127.0.0.1", port))


def talking(story, limits=LIMITS, gate=None):
    """Run a story on a door with small limits."""

    async def go():
        async with served(make_app(gate or EchoGate(), keeper()), limits) as url:
            await story(url)

    asyncio.run(go())


def code_of(said: bytes) -> tuple[int, str]:
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, said
    assert b"connection: close" in head
    document = json.loads(body)
    assert document["hint"]
    return int(head.split()[1]), document["code"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Long: " + b"a" * 9_000 + b"\r\n\r\n", 431, "E_HEAD_TOO_LARGE"),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Never-Done: " + b"a" * 300_000, 431, "E_HEAD_TOO_LARGE"),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 120 + b"\r\n", 431, "E_HEAD_TOO_LARGE"),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 40_000, 431, "E_HEAD_TOO_LARGE"),
        (b"A" * 20_000, 400, "E_MALFORMED_REQUEST"),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "E_URL_TOO_LONG"),
        (b"GET /" + b"a" * 300_000, 414, "E_URL_TOO_LONG"),
        (b"no request at all\r\n\r\n", 400, "E_MALFORMED_REQUEST"),
    ],
    ids=["header", "endless header", "headers", "endless headers", "method", "target", "endless target", "nonsense"],
)
def test_a_head_has_bounds(sent, status, code):
    """What is larger is refused with a problem document, whether it ends or not, and the connection is closed."""

    async def story(url):
        client = await connected(url)
        await client.say(sent)
        assert code_of(await client.hear()) == (status, code)

    talking(story)


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"G"],
        [b"GET /healthz HTTP/1.1\r\n", HOST],
        [b"GET /healthz HTTP/1.1\r\n" + HOST, *([b"A: b\r\n"] * 30)],
    ],
    ids=["silent", "a letter", "half", "dripping"],
)
def test_a_head_has_a_deadline(parts):
    """A client that says nothing, stops in the middle, or drips is let go; a byte now and then buys no time."""

    async def story(url):
        client = await connected(url)
        begun = time.monotonic()

        async def drip():
            for part in parts:
                await client.say(part)
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        said = await client.hear()
        assert time.monotonic() - begun < 1.5
        assert said == b"" if parts == [b""] else code_of(said) == (408, "E_TOO_SLOW")
        await dripping

    talking(story)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_deadline(chunked):
    """Half a body holds nothing for long, and no tool is called."""

    async def story(url):
        client = await connected(url)
        length = b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: 100\r\n"
        start = b'5\r\n{"a":\r\n' if chunked else b'{"a":'
        key = b"Authorization: Bearer " + KEY + b"\r\nContent-Type: application/json\r\n"
        await client.say(b"POST /v1/tools/echo HTTP/1.1\r\n" + HOST + key + length + b"\r\n" + start)
        assert code_of(await client.hear()) == (408, "E_TOO_SLOW")
        assert not gate.calls

    gate = EchoGate()
    talking(story, gate=gate)


def test_what_is_refused_early_is_not_read_for_ever():
    """Who sends on after the answer is cut off: the bytes of a request have an end, and so has the time."""

    async def story(url):
        client = await connected(url)
        await client.say(b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999\r\n\r\n")
        status, _ = await client.answer()
        assert status == 404
        sent, begun = 0, time.monotonic()
        try:
            while time.monotonic() - begun < SOON:
                client.writer.write(b"x" * 65_536)
                await client.writer.drain()
                sent += 65_536
        except OSError:
            pass
        assert time.monotonic() - begun < SOON
        assert sent < 50_000_000

    talking(story)


def test_half_sent_requests_keep_nobody_out():
    """With every connection taken by clients that stop in the middle, a client that speaks is served at once."""

    async def story(url):
        half = [await connected(url) for _ in range(60)]
        for each in half:
            await each.say(b"GET /healthz HTTP/1.1\r\nHost: ")
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        client = await connected(url)
        await client.say(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert await client.answer() == (200, {"status": "alive"})
        assert time.monotonic() - begun < 1
        for each in half:
            each.close()

    talking(story, ConnectionLimits(connections=20, head_seconds=30))


def test_connections_that_are_answered_are_never_cut_for_others():
    """As many calls as there may be connections run on; who comes besides is told to come back."""

    async def story(url):
        key = b"Authorization: Bearer " + KEY + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        busy = [await connected(url) for _ in range(8)]
        for each in busy:
            await each.say(b"POST /v1/tools/slow HTTP/1.1\r\n" + HOST + key)
        await asyncio.sleep(0.2)
        late = await connected(url)
        assert code_of(await late.hear()) == (503, "E_TOO_MANY_CONNECTIONS")
        assert not gate.cancelled.is_set()
        for each in busy:
            each.close()

    gate = EchoGate()
    talking(story, ConnectionLimits(connections=8), gate)


def test_an_idle_connection_is_closed_and_a_used_one_is_kept():
    """Several requests go over one connection; without one it ends."""

    async def story(url):
        client = await connected(url)
        for _ in range(5):
            await client.say(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (await client.answer())[0] == 200
            await asyncio.sleep(0.2)
        begun = time.monotonic()
        assert await client.hear() == b""
        assert time.monotonic() - begun < 1.5

    talking(story)


def test_requests_in_a_row_are_answered_in_order_and_not_without_end():
    """A few requests at once are a queue; hundreds are refused."""

    async def story(url):
        one = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
        client = await connected(url)
        await client.say(one * 5)
        assert [(await client.answer())[0] for _ in range(5)] == [200] * 5
        await client.say(one * 500)
        said = await client.hear()
        assert said.count(b"HTTP/1.1 200") < 40

    talking(story)


def test_a_slow_answer_is_not_taken_for_a_slow_client():
    """While a call runs, its client may wait as long as it likes, with the next request half sent."""

    async def story(url):
        client = await connected(url)
        key = b"Authorization: Bearer " + KEY + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        await client.say(b"POST /v1/tools/slow HTTP/1.1\r\n" + HOST + key + b"GET /hea")
        await asyncio.sleep(1.2)
        assert not gate.cancelled.is_set()
        client.close()
        await asyncio.wait_for(gate.cancelled.wait(), SOON)

    gate = EchoGate()
    talking(story, gate=gate)


def test_an_answer_that_nobody_reads_is_dropped():
    """A client that asks and never reads does not hold the answer for good."""

    async def story(url):
        client = await connected(url)
        client.writer.transport.pause_reading()
        one = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
        ended = asyncio.create_task(client.writer.wait_closed())
        end = time.monotonic() + SOON * 2
        while time.monotonic() < end and not gone(client):
            await client.say(one * 10)
            await asyncio.sleep(0.01)
        assert gone(client)
        ended.cancel()

    app = make_app(EchoGate(), keeper(), metrics=b"x" * 4_000_000)

    async def go():
        async with served(app, LIMITS) as url:
            await story(url)

    asyncio.run(go())


def gone(client: Client) -> bool:
    return client.writer.transport.is_closing()


def test_a_trailer_is_no_header():
    """What comes behind the body says nothing about who calls."""

    async def story(url):
        client = await connected(url)
        await client.say(
            b"POST /v1/tools/echo HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer " + KEY + b"\r\n\r\n"
        )
        assert (await client.answer())[0] == 401
        endless = await connected(url)
        key = b"Authorization: Bearer " + KEY + b"\r\nContent-Type: application/json\r\n"
        await endless.say(
            b"POST /v1/tools/echo HTTP/1.1\r\n" + HOST + key + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
            b"X: " + b"a" * 300_000
        )
        assert b"HTTP/1.1 200" not in await endless.hear()

    talking(story)
