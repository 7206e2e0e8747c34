"""A web server that is not the platform: a catalogue with its files, over HTTP or TLS, that can be made to misbehave."""

import json
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Reply = tuple[int, dict[str, str], bytes]
Page = Reply | Callable[[BaseHTTPRequestHandler], Reply | None]


class Elsewhere:
    """Serves pages by their paths, and remembers what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            """Answers from the pages."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Answer."""
                outer.asked.append((self.path, dict(self.headers.items())))
                page = outer.pages.get(self.path.partition("?")[0], (404, {}, b"not here"))
                reply = page(self) if callable(page) else page
                if reply is None:  # the page has answered, in its own way
                    self.close_connection = True
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_told: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer((address, port), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self.server.server_address[1])
        self.scheme = "https" if tls else "http"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path: str, host: str = "localhost") -> str:
        """The address of a page, by a name of the host."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def asset(self, path: str, *distributions: dict[str, Any], **more: Any) -> None:
        """Describe something as the AI-on-demand catalogue does."""
        body = json.dumps({"identifier": 1, "name": "asset", "distribution": list(distributions), **more}).encode()
        self.pages[path] = 200, {"Content-Type": "application/json"}, body


def certificate(folder: Path, *hosts: str) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS for these names, and the file of whom to believe for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    believed = folder / f"{hosts[0]}.pem"
    believed.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both = folder / f"{hosts[0]}.key.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(secret + believed.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, believed
