"""The guarded way out: what it lets through, what it refuses, and what it takes of an answer."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.elsewhere import Elsewhere, certificate

from chassis.addresses import Rules, read_hosts, read_networks
from chassis.files import collect
from chassis.outside import Outside, OutsideSettings, Resolve
from chassis.refusal import Refusal, Trouble

CATALOGUE = "catalogue.test"
PLAIN = {"Content-Type": "text/plain"}


def names(**known: str | Sequence[str]) -> Resolve:
    """A resolver of one's own; `catalogue_test` stands for `catalogue.test`. An address is its own address."""

    async def resolve(host: str, _port: int) -> Sequence[str]:
        if host[0].isdigit() or ":" in host:
            return [host]
        found = known.get(host.replace(".", "_"))
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [found] if isinstance(found, str) else found

    return resolve


def outside(resolve: Resolve | None = None, **settings: object) -> Outside:
    """A way out by these settings, in which `catalogue.test` is this machine."""
    told = {"outside_networks": "127.0.0.0/8", "outside_http": True, "outside_silence": 5.0} | settings
    return Outside(OutsideSettings(_env_file=None, **told), resolve or names(catalogue_test="127.0.0.1"))


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """A server on this machine."""
    with Elsewhere() as server:
        yield server


def open_to(server: Elsewhere, **settings: object) -> Outside:
    """A way out to the server, by the name `catalogue.test`."""
    return outside(outside_hosts=f"{CATALOGUE}:{server.port}", **settings)


async def fetched(way: Outside, url: str) -> bytes:
    """A whole file."""
    async with way.file(url) as answer:
        return await collect(answer.blocks, 1 << 30)


async def refused(way: Outside, url: str) -> str:
    """The kind and the words of a refusal."""
    with pytest.raises(Refusal) as no:
        await fetched(way, url)
    return f"{no.value.problem.type.rpartition(':')[2]}: {no.value.problem.detail}"


async def test_a_file_comes_as_it_is_and_nothing_of_ours_goes_out(elsewhere, monkeypatch):
    """No proxy of the environment, no credentials, no cookies; the name is asked for although an address is connected to."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    elsewhere.pages["/a"] = 302, {"Location": "/data.txt?x=1", "Set-Cookie": "s=1"}, b""
    elsewhere.pages["/data.txt"] = 200, PLAIN, b"some data"

    content = await fetched(open_to(elsewhere), elsewhere.url("/a", CATALOGUE))

    assert content == b"some data"
    (_, first), (path, second) = elsewhere.asked
    assert path == "/data.txt?x=1"
    assert first["Host"] == second["Host"] == f"{CATALOGUE}:{elsewhere.port}"
    assert not {"Authorization", "Cookie", "Proxy-Authorization", "Referer"} & set(second)
    assert second["Accept-Encoding"] == "identity"


async def test_nothing_may_be_reached_unless_the_settings_say_so():
    """The default is closed, and the refusal names the setting."""
    way = Outside(OutsideSettings(_env_file=None), names(data_test="93.184.216.34"))

    assert "OUTSIDE_HOSTS" in await refused(way, "https://data.test/x")


@pytest.mark.parametrize(
    ("hosts", "url", "fits"),
    [
        ("data.test", "https://data.test/x", True),
        ("data.test", "https://DATA.test./x", True),
        ("data.test", "https://sub.data.test/x", False),
        ("*.data.test", "https://sub.data.test/x", True),
        ("*.data.test", "https://data.test/x", False),
        ("*.data.test", "https://evildata.test/x", False),
        ("data.test", "https://data.test:8443/x", False),
        ("data.test:8443", "https://data.test:8443/x", True),
        ("data.test:8443", "https://data.test/x", False),
        ("*", "https://any.test/x", True),
        ("*", "https://any.test:22/x", False),
        ("other.test, bücher.test", "https://bücher.test/x", True),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443/x", True),
    ],
)
def test_hosts_are_allowed_by_name_and_port(hosts, url, fits):
    """A name is that name alone, `*.` is what lies below it, and a port that is not the usual one is named."""
    rules = Rules(read_hosts(hosts))
    if fits:
        assert rules.target(url).url.scheme == "https"
    else:
        with pytest.raises(Refusal, match="OUTSIDE_HOSTS"):
            rules.target(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file://data.test/etc/passwd",
        "ftp://data.test/x",
        "gopher://data.test/x",
        "http://data.test/x",
        "//data.test/x",
        "data.test/x",
        "https://",
        "https:///x",
        "https://user@data.test/x",
        "https://user:secret@data.test/x",
        "https://data.test@evil.test/x",
        "https://data.test\\@evil.test/x",
        "https://data.test/\nx",
        "https://data.test/\x00",
        "https://data.test/\ud800",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0x7f.1/x",
        "https://0177.0.0.1/x",
        "https://127.1/x",
        "https://1.2.3.256/x",
        "https://[fe80::1%25eth0]/x",
        "https://da ta.test/x",
        "https://data.test:99999/x",
        "https://" + "a" * 64 + ".test/x",
        "https://data.test/" + "x" * 2000,
    ],
)
async def test_what_is_no_plain_address_is_refused(url):
    """Other schemes, users in addresses, odd spellings of numbers: also where every host is allowed."""
    way = outside(outside_hosts="*, data.test, evil.test", outside_http=False)

    assert (await refused(way, url)).startswith("outside-not-allowed")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fd00:ec2::254",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
async def test_a_name_with_an_address_that_is_not_public_is_refused(address):
    """Loopback, private, link-local, shared, reserved, multicast, and all of them inside IPv6; by name or as they are."""
    named = outside(names(data_test=address), outside_hosts="*", outside_networks="")
    literal = f"https://[{address}]/x" if ":" in address else f"https://{address}/x"

    assert "no public address" in await refused(named, "https://data.test/x")
    assert (await refused(named, literal)).startswith("outside-not-allowed")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_public_addresses_are_open(address):
    """Also where IPv6 carries one."""
    rules = Rules(read_hosts("*"))

    assert [str(one) for one in rules.open(rules.target("https://data.test/x"), [address])] == [address]


@pytest.mark.parametrize(
    ("hosts", "networks", "address", "fits"),
    [
        ("data.test", "10.0.0.0/8", "10.1.2.3", True),
        ("data.test", "10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("data.test", "10.0.0.0/8", "192.168.0.1", False),
        ("*", "10.0.0.0/8", "10.1.2.3", False),
        ("data.test", "0.0.0.0/0, ::/0", "169.254.169.254", False),
        ("data.test", "0.0.0.0/0, ::/0", "100.100.100.200", False),
        ("data.test", "0.0.0.0/0, ::/0", "168.63.129.16", False),
        ("data.test", "0.0.0.0/0, ::/0", "64:ff9b::a83f:8110", False),
        ("data.test", "0.0.0.0/0, ::/0", "fd00:ec2::254", False),
        ("data.test", "0.0.0.0/0, ::/0", "fe80::1", False),
        ("data.test", "0.0.0.0/0, ::/0", "::ffff:169.254.169.254", False),
        ("data.test", "127.0.0.0/8", "127.0.0.1", True),
    ],
)
def test_networks_of_ones_own_are_open_to_named_hosts_alone(hosts, networks, address, fits):
    """`*` never opens them, and no setting opens what clouds keep secrets at."""
    rules = Rules(read_hosts(hosts), read_networks(networks))
    target = rules.target("https://data.test/x")
    if fits:
        assert rules.open(target, [address])
    else:
        with pytest.raises(Refusal):
            rules.open(target, [address])


async def test_only_checked_addresses_are_connected_to(elsewhere):
    """Of several addresses the open ones are tried in turn; a name is looked up once and never again."""
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["10.0.0.1", "127.0.0.9", "127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    elsewhere.pages["/x"] = 200, PLAIN, b"here"  # nothing listens at 127.0.0.9
    way = outside(resolve, outside_hosts=f"{CATALOGUE}:{elsewhere.port}")

    assert await fetched(way, elsewhere.url("/x", CATALOGUE)) == b"here"
    assert asked == [CATALOGUE]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/x",
        "http://localhost/x",
        "http://inner.test/x",
        "file:///etc/passwd",
        "https://user:secret@catalogue.test/x",
        "http://elsewhere.example/x",
        "\\\\x",
        "http://2130706433/",
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(elsewhere, location):
    """To a private address, to a name of one, to another scheme, to a host that is not allowed: nobody is asked there."""
    elsewhere.pages["/x"] = 302, {"Location": location}, b""
    resolve = names(catalogue_test="127.0.0.1", inner_test="10.0.0.1", localhost="127.0.0.1")
    hosts = f"{CATALOGUE}:{elsewhere.port}, 169.254.169.254, inner.test, [::1]"
    way = outside(resolve, outside_hosts=hosts)

    assert (await refused(way, elsewhere.url("/x", CATALOGUE))).startswith("outside-not-allowed")
    assert len(elsewhere.asked) == 1


async def test_redirects_come_to_an_end(elsewhere):
    """Five are followed, a sixth is not."""
    for number in range(7):
        elsewhere.pages[f"/{number}"] = 307, {"Location": f"/{number + 1}"}, b""
    elsewhere.pages["/6"] = 200, PLAIN, b"end"
    way = open_to(elsewhere)

    assert await fetched(way, elsewhere.url("/1", CATALOGUE)) == b"end"
    assert (await refused(way, elsewhere.url("/0", CATALOGUE))).startswith("outside-unsuitable")


async def test_the_certificate_must_be_the_names(tmp_path: Path):
    """An address is connected to, but the certificate is held against the name."""
    good, believed = certificate(tmp_path, CATALOGUE)
    other, other_believed = certificate(tmp_path, "other.test", "127.0.0.1")
    with Elsewhere(good) as server:
        server.pages["/x"] = 200, PLAIN, b"safe"
        assert await fetched(open_to(server, outside_ca=believed), server.url("/x", CATALOGUE)) == b"safe"
        assert "certificate" in await refused(open_to(server), server.url("/x", CATALOGUE))
    with Elsewhere(other) as server:
        assert "certificate" in await refused(open_to(server, outside_ca=other_believed), server.url("/x", CATALOGUE))
        assert server.asked == []


async def test_a_file_that_is_too_large_is_refused_early_or_as_soon_as_it_is(elsewhere):
    """By what it says of itself, or by what comes."""

    def endless(handler):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            sent.append(True)

    sent: list[bool] = []
    elsewhere.pages["/told"] = 200, {"Content-Type": "text/plain", "Content-Length": str(10**12)}, b""
    elsewhere.pages["/endless"] = endless
    way = open_to(elsewhere, outside_file_limit=1_000_000)

    for path in ("/told", "/endless"):
        assert "1000000 bytes" in await refused(way, elsewhere.url(path, CATALOGUE))
    end = time.monotonic() + 60
    while not sent and time.monotonic() < end:
        await asyncio.sleep(0.01)
    assert sent  # we hung up


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((404, {}, b""), "outside-not-found"),
        ((410, {}, b""), "outside-not-found"),
        ((401, {}, b""), "answered 401"),
        ((403, {}, b""), "answered 403"),
        ((204, {}, b""), "answered 204"),
        ((302, {}, b""), "outside-"),
        ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<p>"), "text/html"),
        ((200, {"Content-Type": "text/csv", "Content-Encoding": "gzip"}, b"x"), "packed"),
    ],
)
async def test_what_will_never_come_is_refused(elsewhere, reply, words):
    """What is not there, not for everybody, or not what may be taken."""
    elsewhere.pages["/x"] = reply

    assert words in await refused(open_to(elsewhere, outside_types="text/csv, image/*"), elsewhere.url("/x", CATALOGUE))


async def test_a_name_that_nobody_has_is_refused():
    """It is not there, rather than away."""
    assert "there is no host" in await refused(outside(outside_hosts="gone.test"), "https://gone.test/x")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_may_come_later_is_trouble(elsewhere, status):
    """The work comes back."""
    elsewhere.pages["/x"] = status, {}, b""
    with pytest.raises(Trouble, match=str(status)):
        await fetched(open_to(elsewhere), elsewhere.url("/x", CATALOGUE))


async def test_silence_and_broken_connections_are_trouble(elsewhere):
    """Nobody listens, nobody speaks, somebody hangs up, somebody dawdles."""
    waits = threading.Event()

    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"only this")

    def dawdle(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            while not waits.is_set():
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    elsewhere.pages |= {"/cut": cut, "/slow": dawdle, "/silent": lambda _: waits.wait(120) and (200, {}, b"")}
    url = elsewhere.url
    try:
        with pytest.raises(Trouble):
            await fetched(open_to(elsewhere), url("/cut", CATALOGUE))
        with pytest.raises(Trouble, match="longer than"):
            await fetched(open_to(elsewhere, outside_within=0.5), url("/slow", CATALOGUE))
        with pytest.raises(Trouble, match="does not answer"):
            await fetched(open_to(elsewhere, outside_silence=0.2), url("/silent", CATALOGUE))
    finally:
        waits.set()
    with socket.socket() as nobody, pytest.raises(Trouble, match="does not answer"):
        nobody.bind(("127.0.0.1", 0))  # and does not listen; as long as it is ours, nobody else does
        port = nobody.getsockname()[1]
        await fetched(outside(outside_hosts=f"{CATALOGUE}:{port}"), f"http://{CATALOGUE}:{port}/x")


async def test_a_description_is_json_within_limits(elsewhere):
    """Not too long, not too deep, and called what it is."""
    way, url = open_to(elsewhere), elsewhere.url("/x", CATALOGUE)
    elsewhere.pages["/x"] = 200, {"Content-Type": "application/ld+json"}, b'{"a": 1}'
    assert await way.json(url) == {"a": 1}
    for kind, body in (
        ("application/json", b"[" * 200_000),
        ("application/json", b"no json"),
        ("application/json", b" " * (1 << 21)),
        ("text/html", b"{}"),
    ):
        elsewhere.pages["/x"] = 200, {"Content-Type": kind}, body
        with pytest.raises(Refusal):
            await way.json(url)


async def test_an_address_can_be_checked_without_a_connection(elsewhere):
    """What can never be fetched is refused at once; a resolver that is away is no refusal."""

    async def away(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    await open_to(elsewhere).check(elsewhere.url("/x", CATALOGUE))
    await outside(away, outside_hosts="data.test").check("https://data.test/x")
    with pytest.raises(Refusal):
        await outside(names(data_test="10.0.0.1"), outside_hosts="data.test").check("https://data.test/x")
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "settings",
    [
        {"outside_hosts": "https://data.test"},
        {"outside_hosts": "data.test:0"},
        {"outside_hosts": "a*b"},
        {"outside_networks": "10.0.0.0/33"},
        {"outside_networks": "10.1.2.3/8"},
    ],
)
def test_a_setting_that_means_nothing_is_told_at_start(settings):
    """Rather than letting nobody out, or everybody."""
    with pytest.raises(ValidationError):
        OutsideSettings(_env_file=None, **settings)
