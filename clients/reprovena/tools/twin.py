"""Makes `reprovena.sync` of `reprovena.aio`, word by word, so that both do the same."""  # noqa: INP001 - a script

import re
import subprocess
import sys
import tokenize
from io import StringIO
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "reprovena" / "aio"
BY_HAND = {"__init__.py", "hands.py"}
WORDS = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "aio": "sync",
    "aiter_bytes": "iter_bytes",
    "aread": "read",
    "async_auth_flow": "sync_auth_flow",
    "asynccontextmanager": "contextmanager",
}
DROPPED = {"async", "await"}
HEADER = "# Made from `reprovena.aio` by `make client`; change it there."


def waiting(source: str) -> str:
    """The same code, but that it waits."""
    lines = source.splitlines(keepends=True)
    found = [token for token in tokenize.generate_tokens(StringIO(source).readline) if token.type == tokenize.NAME]
    for token in reversed(found):
        row, start, end = token.start[0] - 1, token.start[1], token.end[1]
        line = lines[row]
        if token.string in DROPPED:
            lines[row] = line[:start] + line[end:].lstrip(" ")
        else:
            lines[row] = line[:start] + WORDS.get(token.string, token.string.removeprefix("Async")) + line[end:]
    text = re.sub(r"  # noqa: ASYNC\d+[^\n]*", "", "".join(lines))
    title, _, rest = text.partition("\n")
    return _ruff(
        "format", _ruff("check", f"{title}\n\n{HEADER}\n{rest}", "--fix", "--unsafe-fixes", "--select", "I,UP028", "--quiet")
    )


def twins() -> dict[Path, str]:
    """What is to be written where."""
    made = sorted(path for path in SOURCE.glob("*.py") if path.name not in BY_HAND)
    return {SOURCE.parent / "sync" / path.name: waiting(path.read_text(encoding="utf-8")) for path in made}


def _ruff(what: str, text: str, *more: str) -> str:
    command = [sys.executable, "-m", "ruff", what, *more, "--stdin-filename", str(SOURCE.parent / "sync" / "a.py"), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ruff alone


if __name__ == "__main__":
    for place, text in twins().items():
        place.write_text(text, encoding="utf-8")
