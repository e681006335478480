import time
from tests.factories import *
def test_a(anonymous): 
    p = anonymous.page("/nope", 404)
    print(p.title, p.heading, p.main, p.queries)
    assert anonymous.get("/").status_code==302
def test_e(client_for):
    c=client_for("moderator")
    p=c.page("/nope",404)
    print(p.title, p.text, p.moves, p.links)
