"""Pages of other origins that may ask from a browser, if the setting names them."""

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

TOLD = ("Content-Disposition", "ETag", "Link", "Location", "Retry-After")
"""Headers of answers that such a page may read besides those that it always may."""


class Cors:
    """Answers what browsers ask before they ask; without the setting it answers nothing, and they keep such pages out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = self.door = app
        self.open = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request through the door that the settings, which are known by now, make."""
        if scope["type"] == "http" and not self.open:
            origins: tuple[str, ...] = scope["app"].state.house.settings.cors_origins
            if origins:
                # no cookies: whoever asks brings a token
                self.door = CORSMiddleware(
                    self.app, allow_origins=origins, allow_methods=["*"], allow_headers=["*"], expose_headers=TOLD
                )
            self.open = True
        await self.door(scope, receive, send)


CORS = Middleware(Cors)
