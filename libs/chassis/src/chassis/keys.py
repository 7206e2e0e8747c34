"""Keys and passwords that a platform makes for itself at its first start, readable by itself alone."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def once(path: Path, content: bytes) -> bytes:
    """The file's content; written first, whole and 0600, if it is not there. The first of several writers wins."""
    if not path.exists():
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()


def password(path: Path) -> str:
    """A random password, made once."""
    return once(path, secrets.token_urlsafe(24).encode()).decode()


def signing_key(path: Path) -> Ed25519PrivateKey:
    """An Ed25519 key in PEM, made once."""
    fresh = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = serialization.load_pem_private_key(once(path, fresh), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path} holds another kind of key"
        raise TypeError(msg)
    return key


def public_key(told: str) -> Ed25519PublicKey:
    """An Ed25519 public key, given as PEM or as the path of a file of it."""
    pem = told.encode() if told.lstrip().startswith("-----") else Path(told).read_bytes()
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        msg = "CALLER_PUBLIC_KEY is another kind of key"
        raise TypeError(msg)
    return key


def public_pem(key: Ed25519PublicKey) -> str:
    """A public key as PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
