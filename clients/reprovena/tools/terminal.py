"""Records a session with a real platform as docs/terminal.md: `make terminal`."""  # noqa: INP001 - a script

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parents[3]
TARGET = HERE / "docs" / "terminal.md"
WITHIN = 240.0
SHOWN = "http://127.0.0.1:8000"
"""The address that a reader's platform has."""
HEAD = """# A session

Recorded from a real platform by `make terminal`; do not edit. The platform is `make up`, the examples are this repository's.
Lines that begin with `$` were typed; what went to standard error is shown with the rest. `# 3` is an exit code other than 0.
"""
SESSION = {
    "Logging in": ("reprovena login --user ada", "reprovena whoami"),
    "A workflow": (
        "reprovena workflow register examples/digits/workflow --version 1.0",
        "reprovena workflow list",
    ),
    "Two runs": (
        "reprovena run start digits:1.0 --inputs examples/digits/inputs.yaml -i 'strengths=[0.1, 1.0]' --watch",
        "reprovena run start digits:1.0 --inputs examples/digits/inputs.yaml -i 'strengths=[0.1, 1.0]' -i seed=8 --watch",
        "reprovena run list",
    ),
    "How they differ": ("reprovena lineage difference digits:1.0#1 digits:1.0#2",),
    "Where a result comes from": (
        "reprovena lineage up digits:1.0#2/digits.png",
        "reprovena run download digits:1.0#2 model --to var/session",
        "reprovena find var/session/model.json",
        "reprovena find examples/digits/digits.csv",
    ),
    "Pictures and documents": (
        "reprovena draw digits:1.0#2 --to var/session/digits.svg",
        "reprovena export digits:1.0#2 --to var/session/digits.provn",
    ),
    "What goes wrong is told": (
        "reprovena workflow register examples/failing/workflow --name failing --version 1.0",
        "reprovena run start failing:1.0 --inputs examples/failing/inputs.yaml --watch",
        "reprovena workflow register examples/digits/workflow --version 1.0",
        "reprovena run start digits:1.0 -i share=0.2",
        "reprovena run show digits:1.0#9",
        "reprovena login --user ada --url http://127.0.0.1:1",
    ),
    "For programs": (
        "reprovena run list --limit 1 --json",
        "reprovena run show digits:1.0#9 --json",
        "reprovena --help",
    ),
}


def main() -> int:
    """Start a platform, type what is to be typed, write what was seen, and stop it."""
    with tempfile.TemporaryDirectory(prefix="reprovena-session-") as folder:
        state = Path(folder)
        state.chmod(0o755)  # runs of their own accounts go through it
        (state / "accounts.yaml").write_text("users:\n  ada: {password: shown-to-nobody, groups: [physics], name: Ada}\n")
        own = {"STATE": str(state), "DATABASE_URL": f"embedded:{state}/pg", "FILES_URL": f"file:{state}/files", "PORT": "0"}
        own |= {"RUNNER_URL": f"local:{state}/runs", "ACCOUNTS_FILE": str(state / "accounts.yaml")}
        with (state / "log.jsonl").open("wb") as log:
            platform = subprocess.Popen([sys.executable, "-m", "onebox"], env=os.environ | own, stdout=log, stderr=log)
        try:
            url = _ready(state / "onebox.json", platform)
            text = HEAD + "".join(_chapter(title, lines, url, state) for title, lines in SESSION.items())
        finally:
            platform.send_signal(signal.SIGTERM)
            platform.wait(WITHIN)
    TARGET.write_text(text, encoding="utf-8")
    return 0


def _ready(note: Path, platform: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + WITHIN
    while time.monotonic() < end and platform.poll() is None:
        if note.exists():
            url = str(json.loads(note.read_text())["url"])
            try:
                if httpx.get(f"{url}/readyz", timeout=5).is_success:
                    return url
            except httpx.HTTPError:
                pass
        time.sleep(0.2)
    raise TimeoutError(note.with_name("log.jsonl").read_text()[-2000:])


def _chapter(title: str, lines: tuple[str, ...], url: str, state: Path) -> str:
    typed = "\n\n".join(_typed(line, url, state) for line in lines)
    return f"\n## {title}\n\n```console\n{typed}\n```\n"


def _typed(line: str, url: str, state: Path) -> str:
    words = shlex.split(line)
    command = [sys.executable, "-c", "from reprovena.command import app; app(prog_name='reprovena')", *words[1:]]
    known = {
        "REPROVENA_URL": url,
        "REPROVENA_PASSWORD": "shown-to-nobody",
        "REPROVENA_CONFIG": str(state / "credentials.json"),
        "COLUMNS": "100",
        "TERMINAL_WIDTH": "100",
        "NO_COLOR": "1",
        "TZ": "UTC",
    }
    print(line, file=sys.stderr)
    done = subprocess.run(  # noqa: S603 - the lines above
        command, env=os.environ | known, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    said = "\n".join(part.rstrip() for part in done.stdout.replace(url, SHOWN).strip().splitlines())
    code = f"\n# {done.returncode}" if done.returncode else ""
    return f"$ {line}\n{said}{code}"


if __name__ == "__main__":
    sys.exit(main())
