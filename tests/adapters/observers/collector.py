"""A real OTLP/HTTP collector, as small as one can be: it decodes what arrives and keeps it."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass
class Collector:
    """Listens on a free port. ``delay`` seconds pass before it answers with ``status``."""

    delay: float = 0.0
    status: int = 200
    spans: list = field(default_factory=list)
    resources: list = field(default_factory=list)
    headers: list = field(default_factory=list)

    def __post_init__(self):
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                request = ExportTraceServiceRequest.FromString(body)
                time.sleep(collector.delay)
                if collector.status == 200:
                    collector.headers.append(dict(self.headers))
                    for part in request.resource_spans:
                        collector.resources.append(attributes(part.resource.attributes))
                        for scope in part.scope_spans:
                            collector.spans.extend(scope.spans)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector.status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        """Where it takes traces."""
        return f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def close(self):
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()


def attributes(pairs):
    """Protobuf key-values as a dict."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
