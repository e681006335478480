"""The `portal` command."""

from flask import Flask

from portal.cli import database, demo, invite, serve, verify, worker


def register(app: Flask) -> None:
    """Add the commands to the application's."""
    for command in (
        serve.serve,
        worker.worker,
        demo.demo,
        database.db,
        database.backup,
        database.restore,
        invite.invite,
        verify.verify,
    ):
        app.cli.add_command(command)
