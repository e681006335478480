"""What a WSGI server loads: patched for gevent before anything else is imported."""

from gevent import monkey

monkey.patch_all()

import logging
import sys

from portal.app import create_app, start
from portal.core import logs
from portal.live import service

app = create_app()
start(app)


def main() -> None:
    """Serve on the address and port of the command line, until interrupted."""
    host, port = sys.argv[1], int(sys.argv[2])
    logs.to_stderr()
    logging.getLogger("portal").info("serving on http://%s:%s", host, port)
    try:
        service.serve(app, host, port)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
