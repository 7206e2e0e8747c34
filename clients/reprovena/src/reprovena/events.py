"""Server-sent events (HTML §9.2) as lines become messages; nothing here reads from a network."""

from dataclasses import dataclass, field


@dataclass
class Lines:
    """Cuts bytes into lines at the ends that the standard names, and at no others (JSON may hold U+2028)."""

    _rest: bytes = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Take some bytes and give the lines that are whole now."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line.removesuffix(b"\r").decode(errors="replace") for line in lines]


@dataclass(frozen=True)
class Message:
    """One event as it arrived."""

    event: str
    data: str
    id: str


@dataclass
class Decoder:
    """Takes a stream line by line and gives a message at each blank line that ends one."""

    last_id: str = ""
    _event: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> Message | None:
        """Take one line without its end."""
        if not line:
            return self._flush()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._event = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self.last_id = value
            case _:  # a comment (`: still here`), `retry`, or something newer than this client
                pass
        return None

    def _flush(self) -> Message | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        return Message(event, "\n".join(data), self.last_id) if data or event == "end" else None
