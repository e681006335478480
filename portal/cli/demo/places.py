"""Where the exercise is: counties with their towns, roads and rivers, which are real."""

from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A county as people speak of it.

    weight    : how often something is heard from it: most from the tornado's track.
    people    : inhabitants, in thousands.
    low, high : between which stages its river runs high, in feet.
    """

    weight: int
    people: int
    towns: tuple[str, ...]
    roads: tuple[str, ...]
    river: str
    low: int
    high: int


def _place(line: str) -> tuple[str, Place]:
    """Read a line: FIPS code and the columns of `Place`."""
    fips, weight, people, towns, roads, river, low, high = line.split("|")
    lists = tuple(towns.split(", ")), tuple(roads.split(", "))
    return fips, Place(int(weight), int(people), *lists, river, int(low), int(high))


_LINES = """
29097|9|122|Joplin, Carthage, Webb City, Sarcoxie, Carl Junction, Duquesne|I-44, I-49, MO-96, MO-171, MO-43|Center Creek|13|19
29145|9|58|Neosho, Granby, Seneca, Diamond, Fairview|I-49, US-60, MO-86, MO-59|Shoal Creek|14|20
29109|9|38|Aurora, Mount Vernon, Marionville, Verona, Pierce City|I-44, US-60, MO-39, MO-97|Spring River|12|17
29009|9|35|Monett, Cassville, Purdy, Exeter, Shell Knob|US-60, MO-37, MO-76, MO-112|Flat Creek|11|16
29119|7|23|Noel, Pineville, Anderson, Lanagan, Goodman|I-49, MO-59, MO-76, MO-90|the Elk River|17|24
29077|6|299|Springfield, Republic, Strafford, Willard, Ash Grove|I-44, US-65, US-60, MO-13, MO-266|the James River|15|21
29209|5|31|Galena, Crane, Kimberling City, Reeds Spring|MO-13, MO-76, MO-413, MO-248|the James River|18|26
29213|5|56|Branson, Hollister, Forsyth, Rockaway Beach|US-65, US-160, MO-76, MO-86|Bull Creek|12|18
29043|5|89|Ozark, Nixa, Sparta, Clever, Billings|US-65, US-160, MO-14, MO-13|the Finley River|10|16
29225|3|39|Marshfield, Rogersville, Seymour, Fordland|I-44, US-60, MO-38|the James River|9|14
29057|3|8|Greenfield, Lockwood, Everton|US-160, MO-39, MO-97|Turnback Creek|11|16
29011|2|12|Lamar, Liberal, Golden City|I-49, US-160, MO-43|Muddy Creek|10|15
29217|3|20|Nevada, Sheldon, Schell City|I-49, US-54, MO-43|the Marmaton River|20|27
29039|2|14|El Dorado Springs, Stockton, Jerico Springs|US-54, MO-32, MO-39|the Sac River|15|22
29167|2|32|Bolivar, Humansville, Morrisville|MO-13, MO-32, MO-83|the Pomme de Terre River|12|18
29059|2|17|Buffalo, Urbana, Louisburg|US-65, MO-32, MO-73|the Niangua River|10|16
29085|2|8|Hermitage, Wheatland, Weaubleau|US-54, MO-83, MO-254|the Pomme de Terre River|13|19
29185|2|9|Osceola, Appleton City, Lowry City|MO-13, MO-52, MO-82|the Osage River|21|28
29083|2|22|Clinton, Windsor, Deepwater|MO-7, MO-13, MO-52|the Grand River|22|29
29013|2|16|Butler, Rich Hill, Adrian|I-49, MO-52|the Marais des Cygnes River|24|31
29067|2|12|Ava, Squires, Drury|MO-5, MO-14, MO-76|Beaver Creek|11|17
29153|2|9|Gainesville, Theodosia, Bakersfield|US-160, MO-5|Bryant Creek|14|22
29091|3|40|West Plains, Willow Springs, Mountain View|US-63, US-160, MO-17|Howell Creek|8|12
29105|3|36|Lebanon, Conway, Phillipsburg|I-44, MO-5, MO-32|the Niangua River|12|19
29169|2|53|Waynesville, St. Robert, Dixon|I-44, MO-17, MO-28|Roubidoux Creek|11|17
"""  # noqa: E501 - a table

PLACES = dict(map(_place, _LINES.strip().splitlines()))


def fill(chance: Random, county: str, words: str) -> str:
    """Put towns, roads and numbers of a county into a sentence."""
    place = PLACES[county]
    town, other_town = chance.sample(place.towns, 2)
    road, other_road = chance.sample(place.roads, 2)
    values: dict[str, Any] = {
        "town": town,
        "other_town": other_town,
        "road": road,
        "other_road": other_road,
        "river": place.river,
        "River": place.river[0].upper() + place.river[1:],
        "feet": f"{chance.randint(place.low * 10, place.high * 10) / 10:.1f}",
        "few": chance.randint(2, 6),
        "some": chance.randint(8, 36),
        "hours": chance.randint(3, 30),
        "minutes": chance.randrange(15, 65, 5),
        "percent": chance.randrange(20, 90, 5),
        "gallons": f"{chance.randrange(500, 6500, 250):,}",
        "customers": f"{max(40, round(place.people * chance.uniform(4, 60), -1)):,.0f}",
        "beds": chance.randrange(12, 90, 2),
        "number": chance.randint(3, 29),
    }
    return words.format(**values)
