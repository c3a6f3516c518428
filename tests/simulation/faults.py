"""What goes wrong on a day: the edges of the world fail in the ways that they may, the desk is stopped or killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailgate.daemon.worker import validate
from mailgate.errors import ConfigError
from tests.simulation.network import Plan
from tests.simulation.people import CUSTOMERS

if TYPE_CHECKING:
    from tests.simulation.world import World

BACKUPS, RESTORES = 0.2, 0.06  # share of days with one
RESTARTS_OF_SERVER = 0.4  # share of days
CALM_FROM = 22.0  # hours: from then on a day has no more faults
# Where mail passes from one system to another: a kill between two of these is what doubles or loses mail.
HAND_OVERS = (
    *("daemon:hand-over to the relay", "daemon:relay answered", "daemon:answer to a mail", "daemon:mail answered"),
    *("daemon:change of a mailbox", "daemon:mailbox changed"),
)


class Faults:
    """Chooses the faults of each day, by the dice of the world."""

    def __init__(self, world: World) -> None:
        self._world, self._desk, self._loop = world, world.desk, world.loop
        self._dice, self._note = world.dice, world.note
        self._connections = 0.0  # share of connections that go wrong

    def plan(self, host: str, port: int) -> Plan:
        """What becomes of a new connection."""
        dice = self._dice
        if dice.random() >= self._connections:
            return Plan()
        return dice.choice(
            (
                Plan(delay=dice.uniform(0.01, 20)),
                Plan(refuse=True),
                Plan(never=True),
                Plan(cut_up=dice.randint(0, 4000)),
                Plan(cut_down=dice.randint(0, 600)),
                Plan(silent_down=dice.randint(0, 600)),
            )
        )

    def forecast(self) -> None:
        """What goes wrong on this day."""
        dice = self._dice
        bad_database = self._bad_server if self._desk.server else self._bad_disk
        edges = self._bad_relay, self._bad_imap, bad_database, self._bad_network, self._bad_clock, self._bad_tokens
        for _ in range(dice.randint(1, 4)):
            what = dice.choice(edges)
            at = dice.uniform(0, CALM_FROM - 0.5)
            span = min(dice.choice((0.05, 0.5, 3.0, 8.0)), CALM_FROM - at)
            self._loop.call_later(at * 3600, what, span * 3600)
        for chance, what in (
            (0.6, self._plan_kill),
            (0.4, self._plan_kill),
            (0.1, self._stop),
            (0.3, self._reload),
            (0.05, self._renumber),
            (0.15, self._lose_addresses),
            (0.03, self._revoke),
            (BACKUPS, self._back_up),
            (RESTORES, self._restore),
            (0.08, self._forget),
            (0.25, self._world.people.poisons),
            *(((RESTARTS_OF_SERVER, self._desk.server.plan_restart),) if self._desk.server else ()),
        ):
            if dice.random() < chance:
                self._loop.call_later(dice.uniform(0, CALM_FROM - 1) * 3600, what)

    def _for(self, what: str, seconds: float, over: Callable[[], object]) -> None:
        self._note(f"{what} for {seconds / 3600:.2f} h")

        def ends() -> None:
            self._note(f"{what} is over")
            over()

        self._loop.call_later(seconds, ends)

    def _bad_relay(self, seconds: float) -> None:
        self._world.relay.trouble = self._dice.choice((0.1, 0.5, 3.0))
        self._for(
            f"relay trouble {self._world.relay.trouble}", seconds, lambda: setattr(self._world.relay, "trouble", 0.0)
        )

    def _bad_imap(self, seconds: float) -> None:
        imap = self._desk.imap
        imap.trouble, imap.down = self._dice.choice(((0.5, False), (3.0, False), (0.0, True)))
        for gone in [*imap.clients] if imap.down else ():
            gone.shutdown()
        self._for(f"mailbox trouble {imap.trouble}", seconds, self._imap_well)

    def _imap_well(self) -> None:
        self._desk.imap.trouble, self._desk.imap.down = 0.0, False

    def _bad_tokens(self, seconds: float) -> None:
        tokens = self._desk.tokens
        tokens.trouble, tokens.down = self._dice.choice(((0.5, False), (1.0, False), (0.0, True)))
        self._for(f"token server trouble {tokens.trouble}", seconds, self._tokens_well)

    def _tokens_well(self) -> None:
        self._desk.tokens.trouble, self._desk.tokens.down = 0.0, False

    def _revoke(self) -> None:
        self._note("the sign-in is revoked")
        self._desk.tokens.revoke()

    def _bad_disk(self, seconds: float) -> None:
        disk = self._desk.disk
        disk.state, disk.share = (
            self._dice.choice(("full", "broken", "read-only", "busy")),
            self._dice.choice((1.0, 0.05)),
        )
        stretch = self._world.ill()

        def well() -> None:
            disk.state = ""
            self._world.well(stretch)

        self._for(f"disk {disk.state} {disk.share}", min(seconds, 3 * 3600), well)

    def _bad_server(self, seconds: float) -> None:
        server = self._desk.server
        assert server
        if self._dice.random() < 0.2:
            self._bad_disk(seconds)  # of the files beside the database
            return
        stretch = self._world.ill()

        def well() -> None:
            server.state = ""
            self._world.well(stretch)

        what = server.trouble()
        most = 3 * 3600 if server.state == "down" or server.at_commits else 600  # many round trips that fail take long
        self._for(what, min(seconds, most), well)

    def _bad_network(self, seconds: float) -> None:
        self._connections = self._dice.choice((0.2, 0.8))
        self._for(f"network trouble {self._connections}", seconds, lambda: setattr(self, "_connections", 0.0))

    def _bad_clock(self, seconds: float) -> None:
        jump = self._dice.choice((-1, 1)) * self._dice.choice((30.0, 3_000.0, 90_000.0))
        now = self._world.wall()
        self._world.unwell.append([now - abs(jump) - 3700, now + abs(jump) + seconds + 3700])
        self._world.offset += jump

        def back() -> None:
            self._world.offset -= jump

        self._for(f"clock off by {jump} s", min(seconds, 20.0) if self._dice.random() < 0.5 else seconds, back)

    def _plan_kill(self) -> None:
        if self._dice.random() < 0.4:
            self._world.kill_at = self._dice.choice(HAND_OVERS)
            return
        self._world.kill_in = self._dice.choice((1, 2, 5, 20, 60, self._dice.randint(1, 200)))

    def _stop(self) -> None:
        self._note("stop")
        if self._desk.up and self._desk.daemon:
            self._desk.daemon.stop()

    def _back_up(self) -> None:
        if self._desk.well and self._desk.up:
            self._world.administrator.back_up()

    def _forget(self) -> None:
        if self._desk.well and self._desk.up:
            self._world.administrator.forget()

    def _restore(self) -> None:
        """The desk is stopped, and what it had is lost but for the latest backup."""
        if self._world.administrator.backup and self._desk.up and self._desk.daemon:
            self._world.administrator.restores = True
            self._note("stop for a restore")
            self._desk.daemon.stop()

    def _renumber(self) -> None:
        self._note("another UIDVALIDITY")
        self._desk.imap.folders["INBOX"].renumber()
        for each in [*self._desk.imap.clients]:
            each.shutdown()

    def _lose_addresses(self) -> None:
        """Some customers have another address from now on; last week's have theirs again."""
        addresses = [each.email for each in CUSTOMERS]
        self._world.relay.dead = set(self._dice.sample(addresses, 1))
        self._world.people.bouncing = set(self._dice.sample(addresses, 1))
        self._note(f"dead: {self._world.relay.dead}, returned: {self._world.people.bouncing}")

    def _reload(self) -> None:
        """The administrator edits the configuration, well or badly, and says `mailgate reload`."""
        if not self._desk.well:
            return  # it would be refused, and is repeated when all is well
        text = self._dice.choice(
            (
                self._desk.config,
                self._desk.config.replace('resolve = "1h"', 'resolve = "2h"'),
                self._desk.config.replace("max_connections = 2", "max_connections = 1"),
                self._desk.config.replace('manager = "ann"', 'manager = "nobody"'),
                self._desk.config.replace("[desk]", "[desk"),
            )
        )
        self._desk.file.write_text(text)
        try:
            validate(self._desk.file)
        except ConfigError:
            self._note("reload of a broken configuration")
            self._desk.reload()
            self._loop.call_later(30, self._desk.file.write_text, self._world.config)
        else:
            self._note("reload")
            self._world.config = text
            self._desk.reload()
