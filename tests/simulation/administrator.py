"""The administrator: signs the desk in with OAuth 2.0, and again when it says that the sign-in has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailgate.config.load import load
from mailgate.connect.access_tokens import Account
from mailgate.connect.token_file import FOLDER, TokenFile
from mailgate.daemon.sign_ins import account_of
from tests.simulation.process import CONFIG

if TYPE_CHECKING:
    from tests.simulation.world import World


class Administrator:
    """Acts on the desk from outside, as the commands of `mailgate` do."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens = world.desk.tokens
        self._file = TokenFile(world.folder / "var" / FOLDER, "support")
        self.found: list[str] = []  # what the desk should have said

    def sign_in(self) -> None:
        """`mailgate login support`."""
        self._account().store(self._tokens.signed_in())

    def look(self) -> None:
        """Read the status once the world is calm; sign in where that is the cure."""
        daemon, tokens = self._world.desk.daemon, self._tokens
        if self._kept() in tokens.good:
            return
        says = daemon is not None and any(not each.ok and each.lasting for each in daemon._sign_ins.states())
        self._world.note(f"signed in anew; the desk {'said so' if says else 'has not noticed'}")
        if self._world.desk.up and tokens.refused == self._world.desk.lives and not says:
            self.found.append("sign-in: it was refused, and the status does not say so")
        self.sign_in()

    def note_end(self) -> None:
        """The desk ends, perhaps before it has written the latest refresh token."""
        self._tokens.excused = self._tokens.excused or self._kept() != self._tokens.newest

    def _kept(self) -> str:
        stored = self._file.read()
        return stored.refresh_token.value if stored else ""

    def _account(self) -> Account:
        self._world.folder.joinpath("admin.toml").write_text(CONFIG)
        config, _ = load(self._world.folder / "admin.toml")
        account = account_of(config.mailboxes["support"].credentials, config, self._world.now)
        assert account is not None
        return account
