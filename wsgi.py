"""What a WSGI server loads: patched for gevent before anything else is imported."""

from gevent import monkey

monkey.patch_all()

import logging
import sys

from portal.app import create_app, start
from portal.core import logs
from portal.live import service
from portal.live.siblings import Place

app = create_app()
start(app)


def main() -> None:
    """Serve on the address and port of the command line, until told to end.

    What follows them says where the process stands among several.
    """
    host, port, *told = sys.argv[1:]
    place = Place.of(told)
    logs.to_stderr(app.extensions["settings"].log_form)
    if place is None:
        logging.getLogger("portal").info("serving on http://%s:%s", host, port)
    service.serve(app, host, int(port), place)


if __name__ == "__main__":
    main()
