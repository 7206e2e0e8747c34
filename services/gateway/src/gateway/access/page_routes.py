"""The issuer's pages: where people let a device in, and where they log in for a program in a browser."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import codes, devices, ending, pages
from gateway.access.accounts import REALM
from gateway.access.doors import PAGE, Here, House, Near
from gateway.access.issuer import state_of
from gateway.access.oauth import Denied, answers, read_form
from gateway.access.store import DeviceRow

router = APIRouter(prefix=f"/auth/realms/{REALM}", tags=["issuer"], dependencies=[Near])
SHOWN: dict[str, Any] = {
    "include_in_schema": True,
    "summary": "Log out, in a browser",
    "responses": answers()
    | {
        303: {"description": "Back to the program, where it named an address of its own"},
        400: {"description": "A page that says what is wrong", "content": {"text/html": {"schema": {"type": "string"}}}},
    },
}
"""A page whose address the API shares with a call of programs: the documentation tells of both."""
UNKNOWN = "No program waits with this code. Codes end after a while: start the program again, and look at what it shows."
TOO_OFTEN = "Too many wrong codes. Wait a minute."
WRONG = "Name or password is wrong."
DONE = "You can close this page and go back to the program."


@router.get("/device", **PAGE)
async def device_page(request: Request, house: House, issuer: Here, user_code: str = "") -> Response:
    """Ask for the code of a program, or whether the program of a code may come in."""
    cookie = pages.fresh(request)
    if not user_code:
        return pages.ask_code(cookie)
    if wait := house.parts.tries.left():
        return pages.ask_code(cookie, wrong=TOO_OFTEN, status=429, wait=wait)
    async with issuer.work() as unit:
        code = devices.read(user_code)
        found = await unit.logins.device_of(code) if code else None
    if found is None or found.status != "waiting":
        house.parts.tries.failed()
        return pages.ask_code(cookie, wrong=UNKNOWN, status=404)
    return await _consent(issuer, cookie, found)


async def _consent(issuer: Here, cookie: str, device: DeviceRow, name: str = "", wrong: str | None = None) -> HTMLResponse:
    trusted = (await issuer.accounts()).client(device.client)
    program, status = (trusted and trusted.name) or device.client, 403 if wrong else 200
    code = devices.shown(device.user_code)
    return pages.ask_consent(cookie, code, program, device.scope, name=name, wrong=wrong, status=status)


@router.post("/device", **PAGE)
async def decide(request: Request, house: House, issuer: Here) -> Response:
    """Let the program in, or send it away."""
    try:
        told = await read_form(request)
        pages.ours(request, told)
    except Denied as no:
        return pages.say("That did not work", no.description, no.status)
    cookie, code = pages.fresh(request), devices.read(told.get("user_code", ""))
    if wait := house.parts.tries.left():
        return pages.ask_code(cookie, wrong=TOO_OFTEN, status=429, wait=wait)
    async with issuer.work() as unit:
        device = await unit.logins.device_of(code) if code else None
        if device is None or device.status != "waiting":
            house.parts.tries.failed()
            return pages.ask_code(cookie, wrong=UNKNOWN, status=404)
        if told.get("answer") == "deny":
            device.status = "denied"
            return pages.say("The program was sent away", DONE)
    name = told.get("username", "")
    try:  # between the two transactions: a password takes its time
        _accounts, account = await issuer.person(name, told.get("password", ""))
    except Denied:
        return await _consent(issuer, cookie, device, name, WRONG)
    async with issuer.work() as unit:
        device = await unit.logins.device_of(code)
        if device is None or device.status != "waiting":
            return pages.ask_code(cookie, wrong=UNKNOWN, status=404)
        device.status, device.name, device.state = "allowed", name, state_of(account)
    return pages.say("The program may work in your name", DONE)


@router.get("/protocol/openid-connect/auth", **PAGE)
@router.post("/protocol/openid-connect/auth", **PAGE)
async def log_in(request: Request, issuer: Here) -> Response:
    """Ask who somebody is, and send the browser back to the program with a code."""
    try:
        wanted = await codes.asked(issuer, dict(request.query_params))
        cookie = pages.fresh(request)
        if request.method == "GET":
            return pages.ask_login(cookie, wanted.name, wanted.redirect)
        told = await read_form(request)
        pages.ours(request, told)
    except codes.SentBack as back:
        return RedirectResponse(back.url, 303)
    except Denied as no:
        return pages.say("That did not work", no.description, no.status if no.error != "invalid_client" else 400)
    name = told.get("username", "")
    try:
        return RedirectResponse(await codes.give(issuer, wanted, name, told.get("password", "")), 303)
    except Denied:
        return pages.ask_login(cookie, wanted.name, wanted.redirect, wrong=WRONG, name=name, status=403)


@router.get("/protocol/openid-connect/logout", **(PAGE | SHOWN))
async def logout_page(
    issuer: Here, id_token_hint: str = "", post_logout_redirect_uri: str | None = None, state: str | None = None
) -> Response:
    """End the login that an identity token names, and send the browser back."""
    try:
        url = await ending.logout_by(issuer, id_token_hint, post_logout_redirect_uri, state)
    except Denied as no:
        return pages.say("That did not work", no.description, no.status)
    return RedirectResponse(url, 303) if url else pages.say("You are logged out", DONE)
