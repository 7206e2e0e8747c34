"""The issuer's few pages: plain HTML without scripts. All from outside is escaped; no other site may frame or post."""

import hmac
import secrets
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse

from gateway.access.oauth import Denied

COOKIE = "reprovena_page"
STYLE = """
:root { color-scheme: light dark; --line: #8886; --strong: #1f5f8b; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { width: min(24rem, 100% - 3rem); padding: 2rem 0; }
h1 { font-size: 1.3rem; margin: 0 0 1rem; }
label { display: block; margin: .8rem 0; }
input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; border: 1px solid var(--line);
  border-radius: .3rem; margin-top: .2rem; }
input.code { font-family: ui-monospace, monospace; letter-spacing: .15em; text-transform: uppercase; }
button { font: inherit; padding: .5rem 1.2rem; margin: .6rem .5rem 0 0; border-radius: .3rem; border: 1px solid var(--line);
  cursor: pointer; background: none; color: inherit; }
button.yes { background: var(--strong); border-color: var(--strong); color: #fff; }
.code { font-weight: 600; }
.wrong { border-left: .25rem solid #c33; padding-left: .7rem; }
.small { font-size: .875rem; opacity: .8; }
"""
SAYS = {
    "openid": "who you are",
    "profile": "your name",
    "email": "your e-mail address",
    "roles": "your roles",
    "offline_access": "stay logged in until you end it",
}


def page(
    title: str, body: str, *, status: int = 200, cookie: str | None = None, goes_to: str = "", wait: float = 0
) -> HTMLResponse:
    """A page with this body, which is HTML already."""
    nonce = secrets.token_urlsafe(16)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'; "
    headers = {
        "Content-Security-Policy": policy + f"form-action 'self' {goes_to}".rstrip(),
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",  # without any, browsers would not say where a form comes from
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    } | ({"Retry-After": str(int(wait) + 1)} if wait else {})
    answer = HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Reprovena</title>'
        f'<meta name="viewport" content="width=device-width"><style nonce="{nonce}">{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n",
        status,
        headers,
    )
    if cookie is not None:
        answer.set_cookie(COOKIE, cookie, path="/auth", httponly=True, samesite="strict")
    return answer


def fresh(request: Request) -> str:
    """What a form has to send back together with the cookie of the same text: the one there is, or a new one."""
    there = request.cookies.get(COOKIE, "")
    return there if len(there) == 43 and there.isascii() else secrets.token_urlsafe(32)


def ours(request: Request, told: Mapping[str, str]) -> None:
    """Refuse a form that another site has posted."""
    cookie, sent = request.cookies.get(COOKIE, ""), told.get("page", "")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or not cookie or not hmac.compare_digest(cookie.encode(), sent.encode()):
        raise Denied("invalid_request", "This form was not opened here, or too long ago. Open the page again.", 403)


def ask_code(cookie: str, *, wrong: str | None = None, status: int = 200, wait: float = 0) -> HTMLResponse:
    """Which program? People type the code that it shows."""
    body = _said(wrong) + (
        '<form method="get" autocomplete="off">'
        '<label>The code that the program shows<input class="code" name="user_code" required autofocus maxlength="20"'
        ' placeholder="XXXX-XXXX" autocapitalize="characters" spellcheck="false"></label>'
        '<button class="yes">Continue</button></form>'
    )
    return page("Let a program in", body, status=status, cookie=cookie, wait=wait)


def ask_consent(
    cookie: str, code: str, program: str, scope: str, *, wrong: str | None = None, name: str = "", status: int = 200
) -> HTMLResponse:
    """May it? People say who they are, and yes or no."""
    allowed = "".join(f"<li>{escape(SAYS.get(one, one))}</li>" for one in scope.split())
    body = (
        f"<p><strong>{escape(program)}</strong> asks to work in your name. It shows the code"
        f' <span class="code">{escape(code)}</span>. Go on only if you started it yourself and the codes are the same.</p>'
        f'<p class="small">It may know and do:</p><ul class="small">{allowed}</ul>'
        + _said(wrong)
        + f'<form method="post">{_hidden({"page": cookie, "user_code": code})}{_who(name)}'
        '<button class="yes" name="answer" value="allow">Allow</button>'
        '<button name="answer" value="deny" formnovalidate>Deny</button></form>'
    )
    return page("Let a program in", body, status=status, cookie=cookie)


def ask_login(
    cookie: str, program: str, redirect: str, *, wrong: str | None = None, name: str = "", status: int = 200
) -> HTMLResponse:
    """Who are you? For a program in a browser."""
    there = urlsplit(redirect)
    place = f"{there.scheme}://{there.netloc}"
    body = (
        f"<p>Log in for <strong>{escape(program)}</strong> at {escape(place)}.</p>"
        + _said(wrong)
        + f'<form method="post">{_hidden({"page": cookie})}{_who(name)}<button class="yes">Log in</button></form>'
    )
    return page("Log in", body, status=status, cookie=cookie, goes_to=place)


def say(title: str, text: str, status: int = 200) -> HTMLResponse:
    """A page that only says something."""
    return page(title, f"<p>{escape(text)}</p>", status=status)


def _who(name: str) -> str:
    return (
        f'<label>Name<input name="username" autocomplete="username" required maxlength="200" value="{escape(name)}"></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="1000">'
        "</label>"
    )


def _hidden(told: Mapping[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in told.items())


def _said(wrong: str | None) -> str:
    return f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
