"""One round with the portal itself: signed in, seated, told of posts, gone, back, caught up."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from benchmarks import world
from benchmarks.race.client import Answer, Crowd
from benchmarks.race.leg import FIRST, Figures, Meter, Plan, crowd
from benchmarks.server import Instance, Server, serving
from benchmarks.visitor import Visitor
from benchmarks.world import Visa, Waiting, opened
from portal.journal.audience import PARTNERS

#: A person's telephone, office and so on: each a session of its own.
SESSIONS_EACH = 5
_PAUSE_S, _SETTLE_S, _PATIENCE_S = 0.3, 0.5, 60.0
#: Posts that all have missed who come back in the same instant.
_MISSED = 3


class Desk:
    """The moderator's browser, and the reports that wait for it."""

    def __init__(self, at: Instance, server: Server, session: Session, count: int) -> None:
        """Sign in, with so many reports to let out."""
        visa = world.sign_in(session, [world.MODERATOR], at.secret_key)[0]
        self._waiting = iter(world.add_waiting(session, count))
        self._session = session
        self._incident_id = world.incident_of(session).id
        session.rollback()
        self._browser = Visitor(server.port, visa.cookie)
        self._token = self._browser.csrf_token(f"/incidents/{world.CODE}/feed/queue")

    def publish(self) -> tuple[Waiting, float]:
        """Let the next report out; return it, and the time of its entry by the wall's clock."""
        it = next(self._waiting)
        fields = {
            "csrf_token": self._token,
            "once": it.reference,
            "version": str(it.version),
            "seen_by": "partners",
        }
        answer = self._browser.post(
            f"/incidents/{world.CODE}/feed/{it.reference}/publish", fields
        )
        if answer.status != 303:
            raise RuntimeError(
                f"publishing was answered with {answer.status}: {answer.text[:300]}"
            )
        at = world.published_at(self._session, it.id)
        return it, at

    def hang_up(self) -> None:
        """Close the connection; the next post opens a new one."""
        self._browser.close()

    def head(self) -> int:
        """Return the number of the last entry that all partners may see."""
        return world.head_of(self._session, PARTNERS)


def write_tickets(
    session: Session, visas: Sequence[Visa], path: Path, *, behind: int = 0
) -> Path:
    """Write what each socket asks for: as a page opened `behind` posts ago would."""
    asked: dict[frozenset[str], tuple[str, int]] = {}
    with path.open("w") as file:
        for visa in visas:
            if visa.rooms not in asked:
                follow = world.follow_of(session, visa)
                heads = follow["heads"]
                assert isinstance(heads, dict)  # noqa: S101 - a page says where each room stands
                head = heads.pop(PARTNERS)
                text = json.dumps(follow, separators=(",", ":"))
                marked = text.replace(
                    '"heads":{', f'"heads":{{"{PARTNERS}":@' + "," * bool(heads)
                )
                asked[visa.rooms] = marked, head
            marked, head = asked[visa.rooms]
            file.write(f"{visa.cookie}\t{marked}\t{head - behind}\n")
    session.rollback()
    return path


def run(program: Path, at: Instance, visas: Sequence[Visa], plan: Plan) -> Figures:
    """Measure the portal with a socket for each visa."""
    figures, count = Figures(), len(visas)
    with opened(at.url) as session, TemporaryDirectory() as folder, serving(at) as server:
        desk = Desk(at, server, session, plan.events + 1 + _MISSED)
        tickets = write_tickets(session, visas, Path(folder) / "tickets")
        with crowd(program, server, count, tickets=tickets) as it:
            it.dial(FIRST)
            _heard(desk, it)
            server.rest()
            before = server.rss
            it.dial(count - FIRST)
            it.listen(_SETTLE_S)
            figures.memory = (server.rss - before) / (count - FIRST)
            _single(figures, Meter(server), desk, it, plan)
            _return(figures, server, desk, it, count)
            figures.bad = it.bad + server.complaints
    return figures


def _heard(desk: Desk, it: Crowd) -> tuple[Answer, float]:
    """Let a post out; return how it was heard, and when it was committed, by their clock."""
    ahead = time.monotonic() - time.time()
    it.expect(desk.head() + 1, patience_s=_PATIENCE_S)
    report, at = desk.publish()
    answer = it.heard()
    html = answer.get("sample", {}).get("html", "")
    it.bad += not all(said in html for said in (report.reference, *report.words.split(". ")))
    return answer, at + ahead


def _single(figures: Figures, meter: Meter, desk: Desk, it: Crowd, plan: Plan) -> None:
    own = 0
    for _ in range(plan.events):
        time.sleep(_PAUSE_S)
        with meter.running():
            answer, at = _heard(desk, it)
        own += answer["cpu_ns"]
        figures.last.append(answer["last"] / 1e9 - at)
        figures.p50.append(answer["heard"]["p50"] / 1e9 - at)
        figures.deliveries += answer["delivered"]
    thousands = figures.deliveries / 1_000
    figures.cpu, figures.own_cpu = meter.cpu_s / thousands, own / 1e9 / thousands
    figures.disturbed = meter.disturbed


def _return(figures: Figures, server: Server, desk: Desk, it: Crowd, count: int) -> None:
    it.hang_up()
    for _ in range(_MISSED):
        desk.publish()
    server.rest()
    meter = Meter(server)
    with meter.running():
        back = it.dial(count, at_once=count)
    it.bad += back["caught"] != count * _MISSED
    figures.back, figures.back_cpu = back["in"]["last"] / 1e9, meter.cpu_s
    figures.turned_away = back["refused"]
    figures.disturbed = max(figures.disturbed, meter.disturbed)
