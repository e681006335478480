"""The real server, but that leases end after seconds: a test cannot wait for a minute."""

from gevent import monkey

monkey.patch_all()

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from portal.app import create_app
from portal.live import service

app = create_app()
service.start(app, lease=timedelta(seconds=6))

if __name__ == "__main__":
    host, port = sys.argv[1], int(sys.argv[2])
    service.serve(app, host, port)
