"""Screens of incidents."""

from flask import Blueprint

bp = Blueprint("incident_admin", __name__)
