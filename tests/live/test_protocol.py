"""The example of docs/protocol.md does what the page says."""

from __future__ import annotations

import gc
import re
import threading
import time
from typing import TYPE_CHECKING

import pyotp
import pytest

from portal.accounts import one_time
from portal.accounts import operations as accounts
from portal.accounts.models import Person
from portal.config import ROOT
from portal.core.sealing import seal
from portal.journal.transaction import transaction
from portal.live.fragments import KINDS
from tests import factories
from tests.live.server import KEY, PATIENCE_S, wait_until
from tests.world import PASSWORD

if TYPE_CHECKING:
    from tests.live.conftest import Place

PAGE = (ROOT / "docs/protocol.md").read_text()


@pytest.mark.xdist_group("live")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_example_hears_a_report_and_its_end(place: Place):
    known: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], known)  # noqa: S102
    shown: list[dict[str, object]] = []
    why: list[object] = []
    email = place.world.people["alpha"].email
    secret = one_time.new_secret()
    with place.database.sessions() as session:
        here = place.world.within(session)
        with transaction(session, here.actor("alpha")) as tx:
            person = tx.session.get_one(Person, here.people["alpha"].id)
            accounts.set_authenticator(tx, person, secret=seal(KEY, secret), step=0)
    code = pyotp.TOTP(secret).now()
    job = [place.server.url, "/incidents/EX27/feed", email, PASSWORD, code, shown.append]
    watching = threading.Thread(target=lambda: why.append(known["watch"](*job)), daemon=True)
    watching.start()
    with place.database.sessions() as session:
        here = place.world.within(session)

        def report() -> bool:
            post = factories.make_post(session, here.actor("alpha"))
            factories.publish(session, here.actor("moderator"), post)
            time.sleep(0.5)
            return {frame["view"] for frame in shown} == {"mine", "feed"}

        wait_until(report, "reports are shown")
        factories.suspend_person(session, here.person("alpha"))
        watching.join(PATIENCE_S)
        assert why == [{"closing": {"why": "signed_out", "retry_s": None}}]
        factories.restore_person(session, here.person("alpha"))
    gc.collect()  # the example leaves it to Python to close what it opened


def test_the_page_names_every_view():
    views = {view for kind in KINDS.values() for view, _ in kind.views.values()}
    assert views <= set(re.findall(r"`(\w+)`", PAGE))
