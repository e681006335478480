"""Some 240 reports of partners, made of sentences, places and chance: a time line of days."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from portal.cli.demo import needs, services
from portal.cli.demo.organizations import ORGANIZATIONS
from portal.cli.demo.people import LIAISON, MODERATOR, list_liaisons
from portal.cli.demo.places import PLACES, fill
from portal.cli.demo.posts import DemoPost
from portal.cli.demo.shifts import desk_at
from portal.cli.demo.steps import NOW
from portal.core import codes
from portal.journal.audience import PARTNERS, STAFF

#: How many come in which hours: the tornado's night, the search, the flood, the restoration.
_PACE = ((0.4, 10, 52), (10, 24, 64), (24, 48, 82), (48, 65.6, 46))

#: The last minutes, in which reports still wait.
_WAITING = (NOW - 13, NOW - 10, NOW - 7, NOW - 4, NOW - 2)

#: From here on all that is let out stays as it is, and the parts by hand speak for themselves.
_QUIET = NOW - 720
#: Most of what was bad before this is over after some hours: crews restore what they can.
_RESTORED = NOW - 15 * 60
_ENDS = (5, 6, 7, 8, 9, 10, 11, 12, 16, 0)
_BY_HAND = {"ozark", "bluestem", "guild", "prairie"}

_LIFELINES = {
    "ENERGY": 24, "TRANS": 20, "WATER": 14, "FHS": 14, "COMMS": 12, "HEALTH": 12,
    "SAFETY": 9, "HAZMAT": 8,
}  # fmt: skip

_OUTCOMES = {
    "publish": 62, "correct": 6, "reject": 9, "merge": 7, "withdraw": 4, "answer": 7,
    "retract": 4, "doubt": 4, "confirm": 4,
}  # fmt: skip
_QUIET_OUTCOMES = {"publish": 16, "reject": 2, "merge": 1}

_REASONS = (
    ("already_published", "A report of an hour ago says the same; thank you."),
    ("already_published", ""),
    ("prices", "Please send it again without what others charge."),
    ("personal_data", "It lets people know who is meant. The cell has it."),
    ("unverified", "The county knows nothing of it. Please call us if you see it yourself."),
    ("to_cell", "This asks for something: ERAC has it and calls you."),
    ("old_news", "The road was opened meanwhile."),
    ("other", "We wait for the county’s own words and let those out."),
)

_QUESTIONS = (
    ("Since when?", "Since the storm, about the time of the first warning."),
    ("Is this your own observation?", "Yes, our driver stood there half an hour ago."),
    ("Which side of the road?", "The northbound side. The other one is clear."),
    ("How long does the fuel last?", "Nine hours at the present load."),
    ("May we let all partners read it?", "Yes, please. It concerns everybody there."),
    ("How many people are concerned?", "About forty, and all of them are accounted for."),
)

_CORRECTIONS = (
    ("It concerns one side only.", "The first report was too wide."),
    ("Crews are on the site now.", "A crew has arrived since."),
    ("Work takes until tomorrow.", "The crew found more damage than was seen at first."),
    ("The county has confirmed it.", "Confirmed by the county since."),
)

#: What is said after good news, whatever it is about.
_CALM = (
    "We watch it for another day.",
    "No help is needed any more.",
    "Thanks to the crews in {other_town}.",
    "This is our last report of it.",
    "Crews move on to {other_town}.",
)

_ECHOES = ("We hear the same", "Our driver says so, too", "Seen by us as well", "Also from us")

_RETRACTIONS = (
    "It was another place of the same name.",
    "The county says that this is not so.",
    "Our meter was wrong; nothing has failed there.",
    "Sent for another incident by mistake.",
)


def make_reports(chance: Random) -> dict[str, DemoPost]:
    """Return the reports by name, in the order in which they come in."""
    writer = _Writer(chance)
    for start, end, number in _PACE:
        for minute in sorted(chance.uniform(start * 60, end * 60) for _ in range(number)):
            writer.write(round(minute, 1))
    for minute in _WAITING:
        writer.write(minute)
    return writer.posts


@dataclass(slots=True)
class _Writer:
    """Writes one report after the other, and remembers what could be joined or replaced."""

    chance: Random
    posts: dict[str, DemoPost] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _liaisons: Mapping[str, list[str]] = field(default_factory=list_liaisons)
    _numbers: Iterator[int] = field(default_factory=count)

    def write(self, minute: float) -> None:
        """Write the report of this minute."""
        name = f"report {next(self._numbers)}"
        post = self._with_readers(self._observed(minute))
        post = replace(
            post,
            desk=desk_at(minute, self.chance),
            link=self.chance.choices(("portal", "telephone", "email"), (88, 9, 3))[0],
            waits=self._wait(minute),
            is_taken=self.chance.random() < 0.08,
        )
        if minute >= _WAITING[0]:
            has_it = minute == _WAITING[1]
            post = replace(post, then=None, waits=8.5, is_taken=has_it, desk=MODERATOR)
            post = replace(post, link="portal")
        else:
            post = self._with_outcome(name, post)
        self.posts[name] = post

    def _wait(self, minute: float) -> float:
        """Return how long the desk needs, in minutes; the first night it is behind."""
        slowest = 24 if minute < 10 * 60 else 13
        longest = min(slowest, NOW - 14 - minute)
        return round(self.chance.uniform(2, max(2.5, longest)), 1)

    # -------------------------------------------------------- what is seen

    def _observed(self, minute: float) -> DemoPost:
        hour = minute / 60
        while True:
            lifeline = self._any(_LIFELINES)
            county = self._any({fips: it.weight for fips, it in PLACES.items()})
            standing, speakers, words = self._opening(lifeline, hour)
            heard = [
                it.code
                for it in ORGANIZATIONS
                if county in it.counties and speakers.intersection(it.sectors)
                and not (minute > _QUIET and it.code in _BY_HAND)
            ]  # fmt: skip
            if not heard:
                continue
            if self.chance.random() < 0.7:
                more = (needs.MORE | services.MORE)[lifeline].strip().splitlines()
                words += f" {self.chance.choice(_CALM if standing == 'open' else more)}"
            said = fill(self.chance, county, words)
            if said not in self._said:
                break
        self._said.add(said)
        return DemoPost(
            minute=minute,
            author=self.chance.choice(self._liaisons[self.chance.choice(heard)]),
            words=said,
            county=county,
            lifeline=lifeline,
            standing=standing,
            is_urgent=standing in {"closed", "unknown"} and self.chance.random() < 0.12,
        )

    def _opening(self, lifeline: str, hour: float) -> tuple[str, set[str], str]:
        """Return a standing, the sectors of who could say so, and the sentence."""
        lines = (needs.OPENINGS | services.OPENINGS)[lifeline].strip().splitlines()
        rows = [line.split("|") for line in lines]
        timely = [row for row in rows if int(row[1]) <= hour <= int(row[2])]
        standing, _, _, speakers, words = self.chance.choice(timely)
        return standing, set(speakers.split()), words

    def _with_readers(self, it: DemoPost) -> DemoPost:
        region = codes.load("counties")[it.county]["region"]
        code = next(code for code, emails in self._liaisons.items() if it.author in emails)
        sectors = next(each.sectors for each in ORGANIZATIONS if each.code == code)
        is_old = it.standing != "open" and it.minute < _RESTORED
        readers = self.chance.choices(
            ((PARTNERS,), (STAFF,), (f"sector:{sectors[0]}",), (f"region:{region}",)),
            (78, 7, 9, 6),
        )[0]
        return replace(
            it,
            asked_for=readers,
            tlp=self.chance.choices(("GREEN", "CLEAR", "AMBER"), (80, 12, 8))[0],
            confidence=self.chance.choices(
                ("", "observed", "likely", "possible"), (5, 3, 1, 1)
            )[0],
            lasts=self.chance.choice((0, 0, 0, 6, 12, 24)),
            ends=self.chance.choice(_ENDS) if is_old else 0,
        )

    # -------------------------------------------------------- what becomes of it

    def _with_outcome(self, name: str, it: DemoPost) -> DemoPost:
        outcomes = _OUTCOMES if it.minute < _QUIET else _QUIET_OUTCOMES
        then = self._any(outcomes)
        if then == "reject":
            reason, note = self.chance.choice(_REASONS)
            return replace(it, then=then, reason=reason, note=note)
        if then == "merge":
            return self._echo(it)
        if then == "withdraw":
            return replace(it, then=then)
        if then == "answer" and it.link == "portal":
            question, answer = self.chance.choice(_QUESTIONS)
            return replace(it, then=then, note=question, said=answer)
        return self._let_out(name, it, then)

    def _let_out(self, name: str, it: DemoPost, then: str) -> DemoPost:
        """Return the report as it is published, and what becomes of it afterwards."""
        it = replace(it, later=round(self.chance.uniform(25, 180), 1))
        if then == "correct":
            first = it.words.partition(". ")[0].rstrip(".")
            more, why = self.chance.choice(_CORRECTIONS)
            return replace(it, then=then, said=f"{first}. {more}", note=why)
        if then == "retract":
            return replace(it, then=then, note=self.chance.choice(_RETRACTIONS))
        if then == "doubt" and it.asked_for == (PARTNERS,) and it.author != LIAISON:
            return replace(it, then=then)
        if then == "confirm":
            return replace(it, then=then, lasts=12)
        self._replace_older(name, it)
        return it

    def _echo(self, it: DemoPost) -> DemoPost:
        """Let it say what somebody else's report says, which then speaks for both."""
        spoken_for = {post.by for post in self.posts.values()}
        recent = [
            (name, post)
            for name, post in self.posts.items()
            if it.minute - 240 < post.minute and post.minute + post.waits < it.minute
            and post.then == "publish" and name not in spoken_for
            and post.author != it.author
        ]  # fmt: skip
        if not recent:
            return it
        name, other = self.chance.choice(recent)
        first = other.words.partition(". ")[0].rstrip(".")
        return replace(
            it,
            words=f"{self.chance.choice(_ECHOES)}: {first}.",
            county=other.county,
            lifeline=other.lifeline,
            standing=other.standing,
            asked_for=other.asked_for,
            link="portal",
            then="merge",
            by=name,
        )

    def _replace_older(self, name: str, it: DemoPost) -> None:
        """Let it take the place of one that it overtakes, now and then."""
        older = self._alike(it, it.minute - 1500, min(it.minute - 180, _QUIET))
        if older and self.chance.random() < 0.6:
            former = self.chance.choice(older)
            post = self.posts[former]
            at = it.minute + it.waits + 0.5 - post.minute - post.waits
            self.posts[former] = replace(post, then="supersede", later=at, by=name)

    def _alike(self, it: DemoPost, since: float, until: float) -> list[str]:
        """Return those of the same county and lifeline, let out between the two minutes."""
        spoken_for = {post.by for post in self.posts.values()}
        return [
            name
            for name, post in self.posts.items()
            if (post.county, post.lifeline, post.then) == (it.county, it.lifeline, "publish")
            and since < post.minute + post.waits < until
            and name not in spoken_for
        ]

    def _any(self, weights: Mapping[str, int]) -> str:
        return self.chance.choices(list(weights), list(weights.values()))[0]
