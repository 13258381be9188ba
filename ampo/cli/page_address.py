"""Where the page of `ampo app` is served, and who may use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ampo.cli.options import AllowHost
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.app.build import Address

PAGE = "Page"
Host = Annotated[str, typer.Option("--host", help="0.0.0.0 lets other machines in.", rich_help_panel=PAGE)]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Default: the first free one from 7860.", rich_help_panel=PAGE),
]
Auth = Annotated[
    list[str] | None,
    typer.Option("--auth", envvar="AMPO_APP_AUTH", help="USER:PASSWORD; repeat for several.", rich_help_panel=PAGE),
]
Share = Annotated[bool, typer.Option("--share", help="A public link through gradio.live.", rich_help_panel=PAGE)]
RootPath = Annotated[
    str | None, typer.Option("--root-path", help="Where a proxy serves the page.", rich_help_panel=PAGE)
]
Open = Annotated[bool, typer.Option("--open", help="Open a browser.", rich_help_panel=PAGE)]


@dataclass(frozen=True)
class AddressFlags:
    """See the module's docstring."""

    host: Host = "127.0.0.1"
    port: Port = None
    allow_host: AllowHost = None
    auth: Auth = None
    share: Share = False
    root_path: RootPath = None
    open_browser: Open = False

    def address(self) -> Address:
        """As the page takes it. Says so where everybody may use it; UserError for a login that is none."""
        from ampo.access import is_loopback
        from ampo.app.build import Address

        logins = _logins(self.auth or [])
        if not (is_loopback(self.host) or logins):
            say(f"note: everybody who reaches {self.host} may use the page; --auth USER:PASSWORD asks for a login")
        names = tuple(self.allow_host or ())
        return Address(self.host, self.port, logins, self.share, self.root_path, self.open_browser, names)


def _logins(given: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [login.partition(":") for login in given]
    for user, colon, password in pairs:
        if not (user and colon and password):
            raise UserError("--auth must be USER:PASSWORD, as in --auth ada:secret")
    return tuple((user, password) for user, _, password in pairs)
