"""The catalogue of what can be offered, which the ERAC cell keeps."""

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import db_session, for_roles, or_404
from portal.core.writes import Held
from portal.offers import operations, queries
from portal.offers.forms.catalogue import ItemForm
from portal.offers.queries import Item
from portal.offers.views.common import write

bp = Blueprint("catalogue", __name__, url_prefix="/catalogue")


@bp.get("/")
@for_roles(Role.ERAC)
def index() -> ResponseReturnValue:
    """Show the whole catalogue, retired items too."""
    items = queries.catalogue(db_session()).values()
    return render_template("offers/catalogue.html", items=items)


@bp.route("/new", methods=["GET", "POST"])
@for_roles(Role.ERAC)
def new() -> ResponseReturnValue:
    """Add an item."""
    form = ItemForm()
    if form.validate_on_submit():
        with form.catching(), write(form, []) as tx:
            operations.add_item(tx, str(form.code.data), form.particulars())
            return see_other(tx.answer(url_for("catalogue.index")))
    return render_template("offers/item.html", form=form, item=None), form.status


@bp.route("/<item>", methods=["GET", "POST"])
@for_roles(Role.ERAC)
def show(item: str) -> ResponseReturnValue:
    """Show one item, to state it anew."""
    known = _item(item)
    form = ItemForm(known)
    if form.validate_on_submit():
        with form.catching(), write(form, _held(form, known)) as tx:
            operations.change_item(tx, known, form.particulars())
            flash(f"Changed {known.code}. What was offered before keeps its words.")
            return see_other(tx.answer(url_for("catalogue.index")))
    return _page(known, form)


@bp.post("/<item>/<any(retire, restore):move>")
@for_roles(Role.ERAC)
def move(item: str, move: str) -> ResponseReturnValue:
    """Let an item not be offered any more, or again."""
    known = _item(item)
    form = ButtonForm(row=known.row)
    if form.validate_on_submit():
        with form.catching(), write(form, _held(form, known)) as tx:
            if move == "retire":
                operations.retire_item(tx, known)
            elif known.row is not None:
                operations.restore_item(tx, known.row)
            return see_other(tx.answer(url_for("catalogue.index")))
    return _page(known, ItemForm(known), form)


def _item(code: str) -> Item:
    return or_404(queries.catalogue(db_session()).get(code))


def _held(form: PortalForm, known: Item) -> list[Held]:
    return form.held(known.row) if known.row is not None else []


def _page(known: Item, form: ItemForm, moved: PortalForm | None = None) -> ResponseReturnValue:
    move = moved or ButtonForm(row=known.row)
    page = render_template("offers/item.html", form=form, item=known, move=move)
    return page, max(form.status, move.status)
