"""Made-up alerts in the shape of the real file: of Missouri, and with a history."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from sqlalchemy import select

from portal.alerts.geojson import read_alerts
from portal.alerts.models import OutsideAlert
from portal.alerts.operations import import_alerts
from portal.core import clock
from portal.core.actor import SYSTEM
from portal.feed.models import Post
from portal.feed.states import UNDECIDED
from portal.journal.transaction import transaction

REAL_PATH = Path(__file__).parents[1] / "data" / "nws-active-alerts.json"
REAL = REAL_PATH.read_bytes()
_FEATURE = json.loads(REAL)["features"][0]

#: The service tells its times in those of the place.
_CENTRAL = timezone(timedelta(hours=-6))
_START = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def at(minutes):
    """Return a time so many minutes after the stories begin, as the service writes it."""
    return (_START + timedelta(minutes=minutes)).astimezone(_CENTRAL).isoformat()


def told(name, sent, *older, **more):
    """Return the properties of an alert of Jasper County that updates or cancels the older.

    name : what tells it from the others.
    sent : in minutes, see `at`.
    """
    properties = copy.deepcopy(_FEATURE["properties"]) | {
        "id": f"urn:oid:{name}",
        "sent": at(sent),
        "effective": at(sent),
        "onset": at(sent),
        "expires": at(6 * 60),
        "ends": at(8 * 60),
        "messageType": "Update" if older else "Alert",
        "senderName": "NWS Springfield MO",
        "headline": f"Flash Flood Warning {name}",
        "geocode": {"SAME": ["029097"], "UGC": ["MOC097"]},
        "references": [
            {"identifier": it["id"], "sender": it["sender"], "sent": it["sent"]} for it in older
        ],
    }
    return properties | more


def file(*stories):
    """Return a file as the service gives it."""
    features = [copy.deepcopy(_FEATURE) | {"properties": it} for it in stories]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def bring(session, incident, *stories):
    """Import a file of these; return how many of its alerts met each fate."""
    alerts = read_alerts(file(*stories))
    with transaction(session, SYSTEM) as tx:
        imported = import_alerts(tx, incident, alerts)
    assert imported.accepted + imported.left_out == len(alerts)
    return dict(imported.fates)


def post_of(session, story):
    """Return the post that an alert became, or None."""
    return session.scalar(
        select(Post)
        .join(OutsideAlert, OutsideAlert.post_id == Post.id)
        .where(OutsideAlert.identifier == story["id"])
    )


def undecided(session, incident):
    """Return the headlines of the drafts before the desk, as `told` named them, sorted."""
    session.rollback()  # what others have committed meanwhile
    waiting = select(Post.words).where(
        Post.incident_id == incident.id, Post.state.in_(UNDECIDED), Post.kind == "alert"
    )
    return sorted(words.split("\n")[0].split()[-1] for words in session.scalars(waiting))


def instant(minutes):
    return datetime.fromisoformat(at(minutes)).astimezone(UTC)
