"""As much of a browser as pages without scripts need: it keeps cookies, follows links, and fills in forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


@dataclass
class Form:
    """A form as it stands in a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(told.get("action", ""), told.get("method", "get").lower()))
        elif self.forms and (tag == "button" or (tag == "input" and told.get("type") == "submit")):
            self.forms[-1].buttons.append((told.get("name", ""), told.get("value", "")))
        elif self.forms and tag == "input" and told.get("name"):
            self.forms[-1].fields[told["name"]] = told.get("value", "")


def forms(page: httpx.Response) -> list[Form]:
    """The forms of a page."""
    reader = _Reader()
    reader.feed(page.text)
    return reader.forms


@dataclass
class Browser:
    """Somebody who looks at pages."""

    http: httpx.AsyncClient
    page: httpx.Response | None = None

    def __post_init__(self) -> None:
        self.http.event_hooks = {"response": [self._trust]}

    async def _trust(self, _answer: httpx.Response) -> None:
        """Browsers hold this machine for safe: they send it its secure cookies without encryption, too."""
        for cookie in self.http.cookies.jar:
            cookie.secure = False

    async def open(self, url: str) -> httpx.Response:
        """Go to an address."""
        self.page = await self.http.get(url, follow_redirects=True)
        return self.page

    async def send(self, button: str | None = None, **values: str) -> httpx.Response:
        """Fill in the page's first form and press a button, by its name or value."""
        assert self.page is not None
        form = forms(self.page)[0]
        told = form.fields | values
        if button is not None:
            told |= dict([next(one for one in form.buttons if button in one)])
        url = urljoin(str(self.page.url), form.action)
        # as browsers do: where the form comes from
        headers = {"Origin": f"{self.page.url.scheme}://{self.page.url.netloc.decode()}"}
        sent = {"params": told} if form.method == "get" else {"data": told}
        self.page = await self.http.request(form.method, url, headers=headers, follow_redirects=True, **sent)
        return self.page
