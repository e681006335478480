"""The Weather Service's alerts of the demo: exercises, in its own form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from portal.alerts.geojson import Alert
from portal.alerts.operations import import_alerts
from portal.cli.demo.organizations import FIPS
from portal.cli.demo.people import MODERATOR, MODERATOR_2
from portal.cli.demo.shifts import is_day
from portal.cli.demo.steps import NOW, Act, Scene, Step
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.journal.audience import PARTNERS
from portal.journal.transaction import Tx

_SENDER = "w-nws.webmaster@noaa.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAlert:
    """An alert; `updates` names the one before it, `decided` is None while it waits."""

    name: str
    minute: float
    event: str
    counties: str
    hours: float
    words: str
    what: str
    severity: str = "Severe"
    urgency: str = "Immediate"
    certainty: str = "Observed"
    updates: str = ""
    decided: float | None = 3


ALERTS = (
    DemoAlert(
        name="tornado", minute=3, event="Tornado Warning", counties="Jasper Newton Lawrence",
        hours=1, severity="Extreme",
        words="A large tornado was seen near Duquesne, moving east at 40 mph.",
        what="Take cover now, in a basement or an inner room on the lowest floor.",
    ),
    DemoAlert(
        name="storm", minute=26, event="Severe Thunderstorm Warning",
        counties="Barry Lawrence Stone", hours=1,
        words="Hail of two inches and gusts of 70 mph behind the tornado.",
        what="Stay inside, away from windows.",
    ),
    DemoAlert(
        name="watch", minute=1140, event="Flood Watch", hours=36, severity="Moderate",
        counties="McDonald Newton Barry Stone Taney Christian Greene", urgency="Future",
        certainty="Possible", words="Four to six inches of rain may fall until tomorrow night.",
        what="Keep an eye on the forecasts and be ready to move.",
    ),
    DemoAlert(
        name="james", minute=1560, event="Flood Warning", counties="Stone Christian Greene",
        hours=30, certainty="Likely",
        words="The James River at Galena rises above flood stage in the night.",
        what="Turn around, don't drown. Do not drive into water over the road.",
    ),
    DemoAlert(
        name="james crest", minute=2300, event="Flood Warning",
        counties="Stone Christian Greene", hours=30, certainty="Likely", updates="james",
        words="The James River at Galena crests at 25.6 feet in the night, then falls.",
        what="Turn around, don't drown. Do not drive into water over the road.",
    ),
    DemoAlert(
        name="elk", minute=2460, event="Flood Warning", counties="McDonald", hours=40,
        certainty="Likely", words="The Elk River rises at Noel and Tiff City.",
        what="Move people and stock away from the river.",
    ),
    DemoAlert(
        name="elk crest", minute=NOW - 9, event="Flood Warning", counties="McDonald",
        hours=30, certainty="Likely", updates="elk",
        words="The Elk River at Noel is expected to crest at 24.5 feet this evening.",
        what="Move people and stock away from the river. Low-water bridges will close.",
        decided=None,
    ),
)  # fmt: skip


def alert_steps() -> Iterator[Step]:
    """Give the steps of the alerts: brought in, and let out by who sits at the desk."""
    for it in ALERTS:
        yield Step(it.minute, "", _bring_in(it))
        if it.decided is not None:
            desk = MODERATOR if is_day(it.minute) else MODERATOR_2
            yield Step(it.minute + it.decided, desk, _let_out(it))


def _bring_in(it: DemoAlert) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        import_alerts(tx, scene.incident(tx), [_alert(tx, it)])
        tx.session.flush()
        newest = select(Post.id).order_by(Post.id.desc()).limit(1)
        scene.posts[it.name] = tx.session.scalars(newest).one()

    return do


def _let_out(it: DemoAlert) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        post = scene.post(tx, it.name)
        letting = feed.Letting(
            seen_by=(PARTNERS,), tlp="CLEAR", confidence=post.confidence, ends_at=post.ends_at
        )
        feed.publish(tx, post, letting)

    return do


def _alert(tx: Tx, it: DemoAlert) -> Alert:
    def key(name: str) -> tuple[str, str, str]:
        sent = tx.now - timedelta(minutes=it.minute - minutes[name])
        return _SENDER, f"urn:oid:2.49.0.1.840.0.{name.replace(' ', '-')}", sent.isoformat()

    minutes = {each.name: each.minute for each in ALERTS}
    return Alert(
        identifier=key(it.name)[1],
        sender=_SENDER,
        sent=tx.now,
        status="Exercise",
        message_type="Update" if it.updates else "Alert",
        event=it.event,
        headline=f"{it.event} for {', '.join(it.counties.split())}",
        description=it.words,
        instruction=it.what,
        severity=it.severity,
        urgency=it.urgency,
        certainty=it.certainty,
        category="Met",
        sender_name="NWS Springfield (exercise)",
        effective=tx.now,
        onset=None,
        expires=tx.now + timedelta(hours=it.hours),
        ends=None,
        counties=tuple(sorted(FIPS[name] for name in it.counties.split())),
        areas=", ".join(it.counties.split()),
        references=(key(it.updates),) if it.updates else (),
    )
