"""A TCP proxy that stops forwarding when told: for a server that hangs, goes away and comes back."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class _Pair:
    """One client's connection and the proxy's own to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self.stuck = False

    def drop(self) -> None:
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Forwards until told otherwise. A connection that got stuck stays open and stuck, as behind a dead firewall."""

    def __init__(self, host: str, port: int) -> None:
        self.hangs = False
        """Whether every connection gets stuck at the next byte."""
        self.marker: bytes | None = None
        """The connection whose client sends this gets stuck there; the others go on."""
        self.instead: tuple[bytes, bytes] | None = None
        """What the server says, and what its clients hear instead; of one length."""
        self.seen = threading.Event()
        """Something got stuck since this was cleared."""
        self._target = (host, port)
        self._pairs: list[_Pair] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._serve()

    def drop(self) -> None:
        """End every connection."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.drop()

    def refuse(self) -> None:
        """End every connection and listen no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def accept_again(self) -> None:
        """Listen at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            pair = _Pair(client, socket.create_connection(self._target))
            self._pairs.append(pair)
            for near, far in (pair.ends, pair.ends[::-1]):
                threading.Thread(target=self._pump, args=(pair, near, far), daemon=True).start()

    def _pump(self, pair: _Pair, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if self.hangs or (near is pair.ends[0] and self.marker is not None and self.marker in data):
                    pair.stuck = True
                    self.seen.set()
                if self.instead is not None and near is pair.ends[1]:
                    data = data.replace(*self.instead)
                if not pair.stuck:
                    far.sendall(data)
        pair.drop()


@contextlib.contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.refuse()
