"""The issuer's signing keys: one that signs, and older ones that stay known until the tokens they signed have ended.

`issuer.pem` signs. `issuer-until-<seconds>.pem` was its predecessor, published until that moment and removed afterwards.
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis import keys

ALGORITHM = "RS256"
BITS = 2048
OLD = "issuer-until-"
DAY = 24 * 3600


@dataclass(frozen=True)
class SigningKey:
    """An RSA key and the name by which tokens call it."""

    private: rsa.RSAPrivateKey
    kid: str
    public: rsa.RSAPublicKey

    @classmethod
    def at(cls, path: Path) -> "SigningKey":
        """The key in a file, made at first start."""
        key = serialization.load_pem_private_key(keys.once(path, b"" if path.exists() else _fresh()), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            msg = f"{path} holds another kind of key"
            raise TypeError(msg)
        return cls(key, _thumbprint(key.public_key()), key.public_key())

    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key."""
        told: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.public, as_dict=True)
        return {"kty": "RSA", "n": told["n"], "e": told["e"], "use": "sig", "alg": ALGORITHM, "kid": self.kid}

    def der(self) -> str:
        """The public half as Keycloak's realm document shows it."""
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self.public.public_bytes(serialization.Encoding.DER, info)).decode()


@dataclass
class Keyring:
    """The keys in a folder; what an operator changes there is seen at once."""

    path: Path
    """The key that signs."""
    keeps: int = 3600
    """Seconds that an old key stays known: as long as its last token lives."""
    days: int = 90
    """Age at which a key is replaced."""
    clock: Callable[[], float] = time.time
    _stamp: tuple[int, ...] | None = None
    _signs: SigningKey | None = None
    _old: dict[float, SigningKey] = field(default_factory=dict)

    def signer(self) -> SigningKey:
        """The key that signs now."""
        self._read()
        if self._signs is None:
            msg = f"{self.path} is not there"
            raise FileNotFoundError(msg)
        return self._signs

    def known(self) -> list[SigningKey]:
        """The keys whose tokens are believed now, the one that signs first."""
        now = self.clock()
        return [self.signer(), *(key for until, key in sorted(self._old.items(), reverse=True) if until > now)]

    def due(self) -> bool:
        """Whether the key is old enough to be replaced."""
        return self.clock() - self.path.stat().st_mtime > self.days * DAY

    def rotate(self, *, withdraw: bool = False, only_due: bool = False) -> SigningKey:
        """Sign with a new key. The old one stays known for as long as its tokens may live, unless it is withdrawn."""
        with self._alone():
            if only_due and not self.due():  # another process was first
                return self.signer()
            part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
            keys.once(part, _fresh())
            if not withdraw:
                os.link(self.path, self._free(int(self.clock()) + self.keeps + 1))
            part.replace(self.path)
            if withdraw:
                for path in self._others():
                    path.unlink(missing_ok=True)
        self._stamp = None
        return self.signer()

    def _read(self) -> None:
        """Look again if the folder has changed since."""
        stamp = self._now()
        if stamp is not None and stamp == self._stamp:
            return
        self._signs, now = SigningKey.at(self.path), self.clock()
        self._old = {}
        for path in self._others():
            until = float(path.stem.removeprefix(OLD))
            if until > now:
                self._old[until] = SigningKey.at(path)
            else:
                path.unlink(missing_ok=True)
        self._stamp = stamp

    def _now(self) -> tuple[int, int] | None:
        return (self.path.parent.stat().st_mtime_ns, self.path.stat().st_ino) if self.path.exists() else None

    def _free(self, until: int) -> Path:
        """A name that no other old key has."""
        while (path := self.path.with_name(f"{OLD}{until}.pem")).exists():
            until += 1
        return path

    def _others(self) -> list[Path]:
        return [path for path in self.path.parent.glob(f"{OLD}*.pem") if path.stem.removeprefix(OLD).isdigit()]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time, also of several processes."""
        with os.fdopen(os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _fresh() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _thumbprint(key: rsa.RSAPublicKey) -> str:
    """RFC 7638: the digest of the key's needed members."""
    told: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    needed = json.dumps({"e": told["e"], "kty": "RSA", "n": told["n"]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(needed.encode()).digest()).decode().rstrip("=")
