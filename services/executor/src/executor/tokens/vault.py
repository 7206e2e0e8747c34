"""Encrypting tokens: with the newest of several keys, so that keys can be changed."""

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from chassis import keys
from executor.runner import RunnerSettings


class Vault:
    """Seals tokens for the account that they belong to."""

    def __init__(self, *given: bytes) -> None:
        self._keys = MultiFernet([Fernet(key) for key in given])

    @classmethod
    def of(cls, settings: RunnerSettings) -> "Vault":
        """With the keys of the settings, or one that the platform makes for itself."""
        told = [key.strip().encode() for key in settings.reana_token_keys.get_secret_value().split(",") if key.strip()]
        try:
            return cls(*(told or [keys.once(settings.key("reana-tokens"), Fernet.generate_key())]))
        except ValueError as error:
            msg = "REANA_TOKEN_KEYS: a key is 32 bytes in URL-safe base64, as `Fernet.generate_key()` makes them"
            raise ValueError(msg) from error

    def seal(self, account: str, token: str) -> bytes:
        """The token, unreadable, for this account alone."""
        return self._keys.encrypt(json.dumps([account, token]).encode())

    def open(self, account: str, sealed: bytes) -> str:
        """The token. `ValueError` if no key opens it, or it was sealed for another account."""
        try:
            whose, token = json.loads(self._keys.decrypt(sealed))
        except InvalidToken:
            msg = "a stored REANA token opens with none of REANA_TOKEN_KEYS"
            raise ValueError(msg) from None
        if whose != account:
            msg = "a stored REANA token is another account's"
            raise ValueError(msg)
        return str(token)

    def renew(self, account: str, sealed: bytes) -> bytes:
        """The same, sealed with the newest key."""
        return self.seal(account, self.open(account, sealed))
