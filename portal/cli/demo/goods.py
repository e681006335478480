"""What organizations of the demo's sectors have to offer."""

from dataclasses import dataclass

from portal.cli.demo.organizations import DemoOrganization

#: Item, unit, least, most and step of the amount, sectors, price of one in dollars, words.
_GOODS = """
FUEL|GAL|500|8000|500|ENER|3.79|4.49|Ultra-low sulfur diesel, delivered with pump and meter.
FUEL|GAL|300|3000|100|ENER|3.05|3.49|Regular gasoline in a bobtail with a hose of 100 ft.
FTNK|EA|1|4|1|ENER TRAN|950|1300|Tender of 2,800 gallons with driver, per day.
GEN|EA|1|4|1|CONS RETAIL ENER|380|640|Trailer-mounted diesel set, serviced last month, per day.
GEN|EA|1|2|1|CMAN CHEM COMM|900|1500|Containerized set with cables of 50 ft, per day.
LIGHT|EA|2|12|2|CONS RETAIL|85|140|Diesel light tower, full tank, per day.
HEQ|EA|1|5|1|CONS|1100|1900|Excavator with thumb and operator, per day.
HEQ|EA|1|4|1|CONS|800|1200|Skid steer with grapple and operator, per day.
PUMP|EA|1|6|1|CONS WWS|210|480|Trash pump, self-priming, with 200 ft of hose, per day.
TRK|EA|1|6|1|TRAN FOOD RETAIL|700|950|Box truck with lift-gate and driver, per day.
TRK|LOAD|2|12|1|TRAN|600|900|Flatbed loads within the region.
REEF|EA|1|5|1|FOOD|190|320|Refrigerated trailer, 53 ft, washed and fueled, per day.
WHS|SQFT|4000|40000|2000|FOOD TRAN RETAIL|1|2|Dry floor with docks and a forklift, open around the clock.
YARD|ACRE|1|6|1|RETAIL TRAN CONS|200|400|Gravel lot with lights and a fence, way in for 53-ft trailers.
LODG|ROOM|6|60|2|LODG|79|109|Rooms for crews with breakfast from five, laundry in the house.
LODG|BED|20|90|10|NGO|20|30|Bunks in a gymnasium with showers.
FAC|SQFT|2000|12000|1000|RETAIL FIN NGO|1|2|Hall with kitchen and ramp, on generator power.
WATER|PALLET|4|40|2|FOOD WWS RETAIL|210|290|Bottles of half a liter, shrink-wrapped, best before next year.
MEAL|MEAL|400|4000|200|FOOD NGO|6|9|Hot meals in insulated boxes, two serving times a day.
ICE|BAG|200|2000|100|FOOD RETAIL|2|3|Bags of 10 lb on pallets, trailer stays if needed.
TARP|EA|50|600|50|RETAIL CONS NGO|18|32|Reinforced tarps, 20 by 30 ft, with rope.
COT|EA|40|240|20|NGO|35|49|Folding cots, new.
BLANKET|EA|100|900|50|NGO RETAIL|9|15|Fleece blankets, new, in bags.
HYG|KIT|200|1500|100|NGO HPH RETAIL|6|9|Kits for a person and a week.
PPE|CASE|10|120|10|HPH CMAN CONS|45|80|Gloves and masks for cleanup.
INF|CASE|10|90|5|RETAIL HPH FOOD|60|95|Formula and diapers, mixed sizes.
BULKW|GAL|2000|12000|1000|WWS FOOD|1|2|Food-grade tanker with a certificate.
MHE|EA|1|4|1|RETAIL FOOD CONS|260|420|Rough-terrain forklift, 6,000 lb, per day.
COMM|EA|1|2|1|COMM IT|1500|2400|Cell on wheels with satellite backhaul and two technicians, per day.
SANI|EA|4|30|2|CONS LODG|45|75|Portable toilets with service every second day.
MED|CASE|5|60|5|HPH|70|140|Insulin coolers, first-aid supplies and oxygen regulators.
PERS|PERSON|2|12|2|ENER CONS COMM|640|880|Electricians with tools and trucks, per day.
PERS|PERSON|3|18|3|NGO HPH|50|90|Trained sawyers with chainsaws and protective gear.
SVC|DAY|2|10|1|CONS|1900|3200|Debris crew with two trucks and a loader.
"""  # noqa: E501 - a table


@dataclass(frozen=True, slots=True)
class Good:
    """Something that organizations of some sectors have; dollars for one of it."""

    item: str
    unit: str
    least: int
    most: int
    step: int
    sectors: frozenset[str]
    low: float
    high: float
    words: str

    @classmethod
    def read(cls, line: str) -> "Good":
        """Read a line of the table."""
        item, unit, least, most, step, sectors, low, high, words = line.split("|")
        counts = int(least), int(most), int(step)
        return cls(
            item, unit, *counts, frozenset(sectors.split()), float(low), float(high), words
        )


GOODS = tuple(map(Good.read, _GOODS.strip().splitlines()))


def goods_of(it: DemoOrganization) -> list[Good]:
    """Return what an organization can offer."""
    return [good for good in GOODS if good.sectors.intersection(it.sectors)]
