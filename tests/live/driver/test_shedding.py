"""Where there is no room for more sockets, they are sent away before requests are."""

from __future__ import annotations

from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
import requests
import websocket

from portal.live.driver.engine import SPARE_FILES
from tests.live.driver.talking import talking
from tests.live.server import PATIENCE_S, wait_until

pytestmark = [
    pytest.mark.xdist_group("driver"),
    # The library leaves it to Python to close its sockets.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOM = 20


def knock(url: str) -> websocket.WebSocket:
    return websocket.create_connection(
        f"ws://{urlsplit(url).netloc}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE_S
    )


def knock_again(url: str) -> websocket.WebSocket | None:
    """Knock where somebody has just left, of which the server may not have heard yet."""
    try:
        return knock(url)
    except websocket.WebSocketBadStatusException:
        return None


def test_a_server_without_room_sends_sockets_away_and_takes_requests():
    with talking("ours", files=SPARE_FILES + ROOM) as url, ExitStack() as stack:
        inside = [stack.enter_context(closing(knock(url))) for _ in range(ROOM)]
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            knock(url)
        assert refused.value.status_code == 503
        assert int(refused.value.resp_headers["retry-after"]) > 0
        polled = requests.get(f"{url}/socket.io/?EIO=4&transport=polling", timeout=PATIENCE_S)
        assert polled.status_code == 503
        assert requests.post(f"{url}/tell?count=1&size=1", timeout=PATIENCE_S).text == "told"
        inside[0].close()
        come = wait_until(lambda: knock_again(url), "there is room for one more")
        stack.enter_context(closing(come))
