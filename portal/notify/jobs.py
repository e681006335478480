"""How the numbers of deliveries reach the workers: huey, over a file or over Redis.

It carries no more than numbers. What is to be sent, and whether it was, stands in the table
alone: losing the file, or all that Redis holds, loses nothing.
"""

import hmac
import json
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import RedisStorage
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswerError
from redis.retry import Retry

from portal.config import Settings

#: How long Redis may take to answer, in seconds.
PATIENCE_S = 3.0

_SILENT = (NoConnectionError, NoAnswerError)


class _Json(Serializer):
    """Tasks as JSON: whoever can write there cannot have anything but a number sent on."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data._asdict()).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(**json.loads(data))


class _Storage(RedisStorage):
    """Redis, from which workers take nothing while it is away; the service speaks of it."""

    def dequeue(self) -> Any:
        try:
            return super().dequeue()
        except _SILENT:
            return None

    def read_schedule(self, ts: Any) -> Any:
        try:
            return super().read_schedule(ts)
        except _SILENT:
            return []


class _RedisHuey(RedisHuey):
    storage_class = _Storage


def make_jobs(settings: Settings) -> Huey:
    """Return the way to the workers; raises ValueError for what is no address of a Redis."""
    if not settings.redis_url:
        return SqliteHuey(
            "notices",
            filename=str(settings.instance / "jobs.db"),
            results=False,
            serializer=_Json(),
        )
    # Several portals may share a Redis; the processes of one have the same key.
    whose = hmac.new(settings.secret_key.encode(), b"notices", "sha256").hexdigest()[:12]
    pool = ConnectionPool.from_url(
        settings.redis_url,
        socket_connect_timeout=PATIENCE_S,
        socket_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 0),
    )
    return _RedisHuey(
        f"notices.{whose}",
        results=False,
        serializer=_Json(),
        connection_pool=pool,
        blocking=False,
    )


def why_not(jobs: Huey) -> str:
    """Return why nothing can be handed to the workers now; "" when all is well."""
    if not isinstance(jobs, RedisHuey):
        return ""
    try:
        jobs.storage.conn.ping()
    except RedisError as error:
        return str(error) or type(error).__name__
    return ""
