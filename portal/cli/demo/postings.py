"""The SEOC's own posts over the three days, and who acknowledges them."""

from collections.abc import Iterator
from random import Random

from portal.cli.demo.organizations import FIPS
from portal.cli.demo.people import ASSOCIATION, LIAISON, LIAISON2, list_liaisons
from portal.cli.demo.posts import DemoPosting, nudge_step, posting_steps
from portal.cli.demo.shifts import desk_at
from portal.cli.demo.steps import NOW, Step
from portal.journal.audience import PARTNERS

#: Hour, kind, lifeline, counties, more, words; "more" holds hours (ack, review, ends, pin),
#: handling, certainty, a room of readers, and "urgent". " // " begins a new line.
_LINES = """
0.1|status|SAFETY||urgent observed|The SEOC is activated for the tornado in the south-west. // Report what you see of your own sites first; the desk lets it out within minutes.
0.4|instruction|SAFETY|Jasper Newton Lawrence|urgent ack=2 observed|Stay off the roads in Jasper, Newton and Lawrence County. // Search teams need them. Keep your people where they are safe.
0.9|call||||First coordination call in one hour, bridge 1. // One person for each organization, please.
1.6|rfi|ENERGY|Jasper Newton Lawrence Barry|review=6|Which of your sites have a generator, and for how many hours is there fuel? // Answer by a report for each site.
2.3|status|HEALTH|Jasper Newton|observed|Hospitals in Joplin and Neosho take patients; minor injuries go to the clinic in Carthage.
3.0|road|TRANS|Jasper Lawrence|observed ends=20|I-44 is closed between Exit 18 and Exit 46. // Trucks wait at Springfield or at the State line.
3.8|power|ENERGY|Jasper Newton Lawrence Barry|review=6|Some 61,000 customers are without power. // Cooperatives call their own crews; contractors wait for a call.
5.0|instruction|HAZMAT|Jasper|urgent ack=3|Keep open flames away from Zora Street in Joplin. // Gas escapes at more than one place. Quail Fork shuts the zone down.
6.5|status|SAFETY|Jasper Newton|observed|Search and rescue works from Duquesne westward. // Companies with loaders and operators: tell ERAC, do not drive there by yourselves.
8.0|donation_guidance|FHS||clear|Please send no clothes and no loose goods. // Money goes to voluntary organizations; offers of equipment go to ERAC.
10.5|access|SAFETY|Jasper|ack=6|No re-entry into the marked blocks before the second search has ended. // Your guards may stand outside the tape.
12.2|call||||Second coordination call at the change of the shift, bridge 2.
13.0|power|ENERGY|Jasper Newton Lawrence Barry|review=8 likely|Main feeders should carry load within two days; hospitals, water plants and shelters come first.
14.0|waiver|TRANS||ends=48 clear|Size and weight limits are eased for utility trucks and generators on the way to Region D. // Bridges keep their posted limits.
15.5|fuel|ENERGY||sector:ENER|For fuel companies: the racks at Monett and Springfield load around the clock. // Send us your shortest stock, not your prices.
17.0|rumor_control|WATER|Greene|clear observed|The water of Springfield is safe. // There is no advisory for Greene County.
18.5|status|COMMS|Jasper Newton McDonald|review=6|Two cells on wheels stand in Joplin and Neosho. // Text rather than call.
20.0|instruction|WATER|McDonald Newton Barry|urgent ack=4 likely|Heavy rain is forecast upstream. // Move what must stay dry at the Elk River, Shoal Creek and Flat Creek before evening.
22.0|road|TRANS|Jasper Lawrence|observed|I-44 is open again in both directions, one lane at Exit 29.
24.5|call||||Coordination call at the change of the shift: flood first, then power, then re-entry.
25.0|status|WATER|McDonald Stone Taney Christian|review=6 likely|Rivers rise through the night. // The crest comes to Galena first, to Noel last.
26.5|instruction|TRANS|McDonald Stone Taney|urgent ack=3 observed|Turn around at water over the road. // Two trucks had to be pulled out of the James River valley since noon.
28.0|rfi|FHS||review=8|Which stores in Region D are open, and until when? // One report for each county is enough.
30.0|access|SAFETY|Jasper Newton|ack=6 clear|Re-entry for business owners in Webb City and Duquesne by daylight. // Letter of the company, photo card, hard hat.
31.5|power|ENERGY|Jasper Newton|observed|The Joplin ring is closed; 38,000 customers are still without power.
33.0|waiver|FHS||ends=36 clear|Out-of-state food trucks and mobile pharmacies may work in Region D with the license of their home State.
35.0|donation_guidance|FHS||clear|Needed now: blankets, infant formula, ice. // Not needed: bottled water in single cases.
36.5|call||||Coordination call at the change of the shift, bridge 2.
38.0|instruction|WATER|Stone Taney|urgent ack=3 likely|The James River crests at Galena in the night. // Marinas and inns below the bridge: move people out by dusk.
40.0|status|TRANS|Dade Cedar|observed|Water leaves the roads in Dade and Cedar County; inspectors look at the bridges.
42.0|fuel|ENERGY||sector:ENER review=8|For fuel companies: two tankers wait at Strafford for sites that pump water. // Ask through the desk.
44.0|rumor_control|ENERGY||clear observed|No dam has failed. // All gates of Stockton and Table Rock work as planned.
45.5|road|TRANS|Newton McDonald|observed ends=30|MO-59 is closed between Lanagan and Noel until the crest has passed. // Detour by I-49.
47.0|status|HEALTH|Jasper Newton Barry|review=12|All hospitals are on utility power or have fuel for three days.
48.5|call||||Coordination call at the change of the shift: restoration and what the State can stop doing.
50.0|access|SAFETY|Jasper Newton Lawrence|ack=8 clear|Re-entry is open in all blocks but twelve. // The list of the twelve hangs at the command post.
51.5|waiver|HAZMAT||ends=96 clear|Burning of storm debris is not eased: the ban stands. // Clean wood goes to the county sites.
53.0|power|ENERGY|Jasper Newton Lawrence Barry|observed|9,400 customers are still without power, most of them single services.
54.5|rfi|WATER|McDonald Newton Stone|review=8|Which wells and lift stations were under water? // The State laboratory sends kits.
56.0|instruction|HAZMAT|McDonald Stone|ack=4 observed|Do not open floating drums or tanks. // Mark the place, report it, keep away.
57.5|donation_guidance|FHS||clear|The warehouse in Springfield is full. // New offers of goods are asked to wait for a request.
58.5|rumor_control|SAFETY|Jasper|clear observed|Nobody sells passes for re-entry. // They cost nothing, at the command post.
60.2|call||||Coordination call at the change of the shift, bridge 2.
61.0|status|WATER|Stone Taney Christian|observed|The James and Finley Rivers fall. // The Elk River still rises at Noel.
61.8|access|TRANS|Stone|observed clear pin=10|MO-13 at Galena is open to all. // Watch for crews beside the road.
62.4|status|ENERGY||review=6|The two spare tankers have moved from Strafford to Monett.
"""  # noqa: E501 - a table

_HOURS = {"ack": "acknowledge_h", "review": "review_h", "ends": "ends_h", "pin": "pinned_h"}
_CERTAIN = {"observed", "likely", "possible"}

#: Who has said nothing yet of what asked for it in the last hours.
_OWING = {LIAISON, LIAISON2, ASSOCIATION}
_LATELY = NOW - 11 * 60


def make_postings(chance: Random) -> dict[str, DemoPosting]:
    """Return the posts by name, in the order in which they go out."""
    lines = _LINES.strip().splitlines()
    return {f"seoc {n}": _posting(chance, line) for n, line in enumerate(lines)}


def steps_of(chance: Random, name: str, it: DemoPosting) -> Iterator[Step]:
    """Give the steps of a post; where it asks for it, most organizations acknowledge it."""
    readers: tuple[str, ...] = ()
    if it.acknowledge_h:
        heads = [emails[0] for emails in list_liaisons().values()]
        others = [email for email in heads if email not in _OWING]
        readers = tuple(chance.sample(others, chance.randint(6, 15)))
        if it.minute < _LATELY:
            readers += tuple(email for email in heads if email in _OWING)
    yield from posting_steps(name, it, readers)
    if it.acknowledge_h > 2:
        at = it.minute + it.acknowledge_h * 45
        yield nudge_step(name, at, desk_at(at, chance))


def _posting(chance: Random, line: str) -> DemoPosting:
    hour, kind, lifeline, counties, more, words = line.split("|")
    given = more.split()
    hours = {_HOURS[k]: int(v) for k, _, v in (it.partition("=") for it in given) if v}
    minute = float(hour) * 60
    return DemoPosting(
        minute=minute,
        kind=kind,
        said=words.replace(" // ", "\n"),
        lifeline=lifeline,
        counties=tuple(FIPS[name] for name in counties.split() if name in FIPS),
        seen_by=tuple(it for it in given if it.startswith("sector:")) or (PARTNERS,),
        desk=desk_at(minute, chance),
        tlp="CLEAR" if "clear" in given else "GREEN",
        confidence=next((it for it in given if it in _CERTAIN), ""),
        is_urgent="urgent" in given,
        **hours,
    )
