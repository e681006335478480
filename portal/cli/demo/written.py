"""The reports and posts of the last hours, written by hand: tests and pictures know some."""

from portal.cli.demo.people import ASSOCIATION, LIAISON, LIAISON2
from portal.cli.demo.posts import DemoPost, DemoPosting

POSTS = (
    DemoPost(
        minute=12, author=LIAISON2, county="29097", lifeline="WATER", standing="limited",
        words="Carthage water plant runs on its generator; no boil order. Fuel for 31 hours. "
        "Next update at 17:00.",
    ),
    DemoPost(
        minute=26, author=LIAISON, county="29097", lifeline="TRANS", standing="closed",
        words="MO-97 bridge over Center Creek is closed to all traffic. "
        "Our drivers go by MO-37 to US-60.", then="correct",
        said="MO-97 bridge over Center Creek is closed to trucks. "
        "Detour by MO-37 to US-60.", note="Cars may cross again.",
    ),
    DemoPost(
        minute=41, author=LIAISON2, county="29145", lifeline="ENERGY", standing="closed",
        words="Neosho terminal has lost its vapor recovery unit and cannot load.",
        then="retract", note="The terminal named was not damaged; it loads since 13:30.",
    ),
    DemoPost(
        minute=63, author=LIAISON, county="29009", lifeline="ENERGY", standing="limited",
        words="Monett terminal: rack 2 loads, rack 1 is down until utility power returns.",
    ),
    DemoPost(
        minute=88, author=ASSOCIATION, county="29109", lifeline="TRANS", standing="limited",
        words="MO-37 north of Monett is open in one lane; weight limit 15 tons. "
        "Members report waits of 25 minutes.",
    ),
    DemoPost(
        minute=104, author=LIAISON, county="29009", lifeline="ENERGY", standing="limited",
        words="Rack 1 at Monett still down.", then="reject",
        note="Your report of an hour ago says the same; thank you.",
    ),
    DemoPost(
        minute=121, author=LIAISON2, county="29077", lifeline="COMMS", standing="limited",
        words="Card payments fail at all our Springfield stations; "
        "cash only until the line is back.",
        asked_for=("sector:ENER",),
    ),
    DemoPost(
        minute=150, author=ASSOCIATION, county="29097", lifeline="ENERGY", standing="open",
        words="Sarcoxie substation is back at half load. "
        "Members’ bulk plants there pump again.",
    ),
    DemoPost(
        minute=172, author=LIAISON, county="29109", lifeline="HAZMAT", standing="unknown",
        words="Gas smell reported at the Aurora bulk plant; two blocks were cleared. "
        "The fire department is on its way.", then=None, place="Aurora bulk plant",
        is_urgent=True,
    ),
    DemoPost(
        minute=179, author=LIAISON2, county="29097", lifeline="FHS", standing="closed",
        words="Store 14 in Webb City is closed: roof damage. The stock is safe.",
        asked_for=("staff",), then=None,
    ),
    DemoPost(
        minute=168, author=LIAISON2, county="29009", lifeline="ENERGY", standing="limited",
        words="Generator at the Monett terminal has 9 hours of fuel left. Call me at "
        "417-555-0147 if a tanker can be spared.", place="Monett terminal", then="ask",
        note="How many gallons an hour does it use?",
    ),
    DemoPost(
        minute=176, author=ASSOCIATION, county="29009", lifeline="ENERGY", standing="limited",
        words="Monett terminal is short of diesel for its own generator. Members can bring a "
        "tanker; ask at dispatch@guild.example.", place="Monett terminal", then=None,
    ),
)  # fmt: skip

POSTINGS = (
    DemoPosting(
        minute=20, kind="call", said="Coordination call at 15:00 each day, bridge 2.\n"
        "Agenda: fuel, re-entry, road openings. One person for each organization.",
        pinned_h=12,
    ),
    DemoPosting(
        minute=70, kind="waiver", lifeline="TRANS", tlp="CLEAR",
        said="Hours-of-service relief for fuel and water haulers.\n"
        "It covers diesel, gasoline, propane and drinking water into Region D.\n\n"
        "- Carry a copy in the cab.\n- Drug, alcohol and license rules stay.", ends_h=60,
    ),
    DemoPosting(
        minute=132, kind="instruction", lifeline="TRANS", counties=("29097",),
        said="Keep I-44 eastbound fuel trucks off Exit 29 to Exit 38.\n"
        "Search teams work both lanes near Sarcoxie. Use US-60 through Monett.",
        acknowledge_h=1, confidence="observed",
    ),
    DemoPosting(
        minute=160, kind="instruction", lifeline="WATER", counties=("29119", "29145"),
        said="Elk River crest now forecast at 24.5 ft at Noel, 20:00 today.\n"
        "**Move stock and vehicles** above Main Street by 18:00. The low-water bridges at "
        "Lanagan and Ginger Blue close at 16:00.", is_urgent=True, acknowledge_h=1,
        confidence="likely", tlp="CLEAR",
    ),
    DemoPosting(
        minute=180, kind="rumor_control", review_h=2, confidence="observed",
        said="There is no order to empty filling stations. Fuel is sold as usual.",
    ),
)  # fmt: skip
