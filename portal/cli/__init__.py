"""The `portal` command."""

from flask import Flask

from portal.cli import alerts, backup, database, demo, doctor, invite, serve, verify, worker


def register(app: Flask) -> None:
    """Add the commands to the application's."""
    for command in (
        serve.serve,
        worker.worker,
        demo.demo,
        database.db,
        backup.backup,
        backup.restore,
        invite.invite,
        verify.verify,
        alerts.import_alerts_,
        doctor.doctor,
    ):
        app.cli.add_command(command)
