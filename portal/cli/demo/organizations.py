"""The demo's organizations. All of them are invented; none is meant for a real one."""

from dataclasses import dataclass

#: FIPS codes by the names that stand below.
FIPS = {
    "Barry": "29009", "Barton": "29011", "Bates": "29013", "Cedar": "29039",
    "Christian": "29043", "Dade": "29057", "Dallas": "29059", "Douglas": "29067",
    "Greene": "29077", "Henry": "29083", "Hickory": "29085", "Howell": "29091",
    "Jasper": "29097", "Laclede": "29105", "Lawrence": "29109", "McDonald": "29119",
    "Newton": "29145", "Ozark": "29153", "Polk": "29167", "Pulaski": "29169",
    "Clair": "29185", "Stone": "29209", "Taney": "29213", "Vernon": "29217",
    "Webster": "29225",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoOrganization:
    """An organization; `code` only names it here, and stands in its addresses."""

    code: str
    name: str
    kind: str
    sectors: tuple[str, ...]
    counties: tuple[str, ...]
    contact: str
    telephone: str


def _organization(line: str) -> DemoOrganization:
    """Read a line: code, name, kind, sectors, counties, contact, telephone."""
    code, name, kind, sectors, counties, contact, telephone = map(str.strip, line.split("|"))
    return DemoOrganization(
        code,
        name,
        kind,
        tuple(sectors.split()),
        tuple(FIPS[county] for county in counties.split()),
        contact,
        telephone,
    )


_LINES = """
sema|State Emergency Management Agency|agency|||Watch Center|573-555-0100
ozark|Ozark Fuel & Supply|company|ENER RETAIL|Barry Lawrence Newton|Dana Brandt|417-555-0142
bluestem|Bluestem Petroleum|company|ENER|Jasper Greene|Lee Ortega|417-555-0171
guild|Show-Me Fuel Haulers Guild|association|ENER TRAN ASSOC|Greene Jasper Lawrence|Robin Vance|573-555-0188
prairie|Prairie Grove Grocers|company|FOOD RETAIL|Lawrence|Casey Holt|417-555-0113
roads|Exercise Roads Desk|agency|TRAN||Nadia Frost|573-555-0120
redbud|Redbud Hollow Electric Cooperative|company|ENER|Jasper Newton McDonald Lawrence Barry|Mary Teller|417-555-0101
lantern|Lantern Ridge Power & Light|company|ENER|Greene Christian Webster Polk Dallas|Hugh Barlow|417-555-0102
quail|Quail Fork Gas Company|company|ENER|Greene Lawrence Jasper Taney|Anita Sorel|417-555-0103
sumac|Sumac Valley Propane|company|ENER RETAIL|Stone Taney Douglas Ozark Howell|Burt Wexler|417-555-0104
wagon|Wagon Bow Truck Stops|company|ENER TRAN RETAIL|Laclede Pulaski Greene Jasper Vernon|Tess Arden|417-555-0105
sycamore|Twin Sycamore Water Works|company|WWS|Greene Christian Stone|Omar Field|417-555-0106
clearfork|Clearfork Water & Sewer Services|company|WWS|Jasper Newton McDonald Barry|Nell Harte|417-555-0107
dolomite|Dolomite Spring Bottlers|company|FOOD WWS|Lawrence Webster Laclede|Paul Igoe|417-555-0108
heronline|Grey Heron Line & Wireless|company|COMM|Jasper Newton Lawrence Barry McDonald Greene|Vera Stahl|417-555-0109
skylark|Skylark Prairie Fiber|company|COMM IT|Cedar Dade Vernon Clair Hickory Polk|Ned Corrigan|417-555-0110
savings|Limestone Prairie Savings|company|FIN|Barton Vernon Jasper Dade|Olga Penn|417-555-0111
hawthorn|Hawthorn Row Pharmacies|company|HPH RETAIL|Greene Jasper Newton Taney Howell|Simon Apple|417-555-0112
odile|Odile Glen Hospitals|company|HPH|Jasper Newton Barry Laclede|Grace Tamm|417-555-0114
glade|Cedar Glade Care Homes|company|HPH|Cedar Polk Hickory Clair Henry|Wanda Pike|417-555-0115
shortline|Marais & Osage Short Line|company|TRAN|Vernon Bates Barton Jasper|Clem Rusk|417-555-0116
flint|Flint Hollow Freight|company|TRAN|Jasper Greene Newton|Rita Moss|417-555-0117
hen|Speckled Hen Poultry|company|FOOD CMAN|McDonald Barry Newton|Earl Quist|417-555-0118
feed|Bottomland Feed & Seed|company|FOOD RETAIL|Vernon Bates Henry Clair|Ida Crane|660-555-0119
kettle|Copper Kettle Markets|company|FOOD RETAIL|Jasper Newton McDonald|Ken Sawyer|417-555-0121
poorwill|Whippoorwill Table Foods|company|FOOD RETAIL|Taney Stone Christian Douglas|Lois Amber|417-555-0122
plumb|Plumb Bob Hardware|company|RETAIL CONS|Greene Lawrence Webster Jasper|Stan Orr|417-555-0123
inns|Lakeshore Lamp Inns|company|LODG|Taney Stone|Faye Dunlap|417-555-0124
wayside|Wayside Owl Motels|company|LODG|Laclede Pulaski Greene Jasper|Gus Tilden|417-555-0125
chert|Chert Ridge Chemical|company|CHEM CMAN|Jasper Newton Vernon|Helen Voss|417-555-0126
coldroom|Bluff Cave Cold Rooms|company|FOOD TRAN|Jasper Greene|Milo Hatch|417-555-0127
hedgerow|Hedgerow Debris & Demolition|contractor|CONS|Jasper Newton McDonald|Ada Finch|417-555-0128
plain|Level Plain Earthworks|contractor|CONS|Greene Christian Lawrence Barry|Joe Tarrant|417-555-0129
switch|Switchyard Line Builders|contractor|CONS ENER|Jasper Greene Howell Laclede|Kay Bolt|417-555-0130
sandbar|Sandbar Pump & Dredge|contractor|CONS WWS|Taney McDonald Henry Barry|Luis Ferry|660-555-0131
pantry|Full Pantry Ozarks|ngo|NGO FOOD|Greene Jasper Newton Barry|Mona Lively|417-555-0132
saws|Neighbors With Saws|ngo|NGO|Jasper Newton Lawrence|Otis Grimes|417-555-0133
doors|Seven Doors Shelters|ngo|NGO|Taney Greene Howell Pulaski|Pearl Ashby|417-555-0134
grocers|Four Rivers Grocers Alliance|association|FOOD RETAIL ASSOC|Jasper Lawrence Newton Taney|Tom Verity|573-555-0135
builders|Plateau Builders Council|association|CONS ASSOC|Greene Jasper Christian|Una Keeler|573-555-0136
"""  # noqa: E501 - a table

ORGANIZATIONS = tuple(map(_organization, _LINES.strip().splitlines()))

#: Associations and the companies that are their members.
MEMBERS = (
    ("guild", "ozark"), ("guild", "bluestem"), ("guild", "wagon"), ("guild", "flint"),
    ("guild", "sumac"), ("grocers", "prairie"), ("grocers", "kettle"),
    ("grocers", "poorwill"), ("grocers", "coldroom"), ("grocers", "feed"),
    ("grocers", "hen"), ("builders", "plumb"), ("builders", "wayside"),
    ("builders", "chert"),
)  # fmt: skip


def by_code() -> dict[str, DemoOrganization]:
    """Return the organizations by the names that they have here."""
    return {it.code: it for it in ORGANIZATIONS}
