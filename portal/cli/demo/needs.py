"""Sentences of partners about people: safety, food and shelter, health, hazardous materials."""

# ruff: noqa: E501 - tables of sentences

#: By lifeline: standing, from and to which hour, sectors of who says it, what is said.
OPENINGS = {
    "SAFETY": """
unknown|0|10|RETAIL CONS NGO|Our people in {town} are not all accounted for; {few} have not answered yet.
closed|0|20|RETAIL CONS|The blocks around our {town} yard are closed for search. Nobody gets in without a marked vest.
limited|2|24|CONS NGO|{some} of our people help to search in {town} under the fire department.
limited|2|30|CONS|Two loaders with operators stand by in {town} for search and rescue.
limited|4|36|RETAIL NGO|Doors and windows of {few} shops in {town} are boarded; a guard walks there at night.
closed|10|50|CONS RETAIL|The {town} industrial park stays closed until wires and gas are checked.
unknown|8|40|RETAIL|People on {road} say that somebody sells passes for re-entry. The police were told.
limited|24|60|NGO CONS|Sandbags are filled at the {town} shed; {some} volunteers work until the crest has passed.
limited|24|58|LODG RETAIL|We moved {some} guests out of the rooms at {river}. All are accounted for.
limited|30|66|CONS NGO|Re-entry into {town} goes by {road} with a company letter and a photo card.
open|20|66|CONS NGO|All our people in {town} are accounted for.
open|36|66|RETAIL CONS|The cordon in {town} is lifted; shops on {road} can be reached by their staff.
""",
    "FHS": """
closed|0|20|FOOD RETAIL|Our store in {town} is closed: no power, part of the roof is open. The stock is safe for {few} hours.
closed|0|24|FOOD|The cold room at {town} has warmed to {number} degrees over its limit; we give away what can be used.
unknown|0|14|LODG NGO|We do not know yet how many rooms near {town} can be used; the road there is blocked.
limited|2|40|NGO LODG|The shelter in {town} holds {some} families. Cots are enough, blankets are not.
limited|4|48|FOOD RETAIL|Our {town} store opens for {few} hours a day, cash only, water and bread rationed.
limited|6|56|LODG|{some} rooms are free in {town} for crews with a letter; breakfast from five.
limited|8|50|NGO FOOD|Our kitchen in {town} serves {customers} meals a day and can double that with a second trailer.
limited|8|54|FOOD CMAN|Farms around {town} cannot send milk and birds by {road}; feed lasts {hours} hours.
closed|24|60|FOOD RETAIL LODG|Water from {river} stands in our {town} building. We moved stock above the line in time.
limited|26|60|NGO|A second shelter opened in {other_town} for people from the banks of {river}; {beds} beds are free.
limited|28|66|FOOD RETAIL|Deliveries to {town} come every second day. Baby food and ice go first.
open|28|66|FOOD RETAIL|Our {town} store is open at its usual hours. Shelves are nearly full.
open|34|66|NGO|The shelter in {town} is down to {few} families; we can close it in {hours} hours.
open|36|66|LODG|All our houses in {town} take guests again.
open|36|66|FOOD CMAN|The {town} plant takes deliveries again and needs {few} refrigerated trailers.
""",
    "HEALTH": """
closed|0|24|HPH|The emergency entrance in {town} is closed by debris; ambulances use the north door.
closed|0|30|HPH RETAIL|Our pharmacy in {town} is closed. Prescriptions move to {other_town}.
unknown|0|14|HPH|We cannot reach the home in {town} by telephone. A nurse is driving there by {road}.
limited|0|24|HPH|{some} patients came to {town} from the storm; surgery runs in two rooms.
limited|2|40|HPH|The {town} hospital runs on generators. Fuel for {hours} hours; elective cases are put off.
limited|4|44|HPH RETAIL|Insulin in {town} is kept in two coolers with ice; enough for {few} days.
limited|6|48|HPH|Oxygen deliveries to {town} are late by {hours} hours. {some} people at home depend on them.
limited|22|60|HPH|{beds} residents were moved from {town} to {other_town} before {river} rose.
unknown|20|56|HPH|Tetanus vaccine for the cleanup around {town}: we ask our wholesalers how much there is.
closed|24|60|HPH RETAIL|The clinic at {river} in {town} is empty and locked; water is at the steps.
limited|28|66|HPH|Dialysis in {town} takes patients on a doubled schedule; transport by {road} works.
open|30|66|HPH|The {town} hospital is back on utility power and takes all patients.
open|34|66|HPH RETAIL|Our pharmacy in {town} is open and fills prescriptions of closed ones.
open|36|66|HPH|All residents are back in {town}; staff sleep at home again.
""",
    "HAZMAT": """
closed|0|20|CHEM CMAN|We shut the {town} plant down in order. No release; the fence is damaged on one side.
closed|0|24|ENER CHEM|A tank car leans at the {town} siding. It is not leaking; {few} blocks are kept clear.
unknown|0|18|CHEM CMAN FOOD|A smell of ammonia was reported near {town}. Our meters show nothing; we look on.
unknown|2|30|ENER RETAIL|Heating oil stands on the water in a street of {town}. Where it comes from is not known.
limited|2|36|CHEM CONS|Cylinders were found in the debris at {road}; {some} are collected in {town}, tagged.
limited|6|48|CONS CHEM|Siding of old houses in {town} may hold asbestos. Crews wet it and wear masks.
closed|22|58|CHEM ENER FOOD|Propane tanks float at {river} below {town}. Keep {few} hundred feet away and do not tow them.
limited|24|60|CHEM CMAN|We moved {some} drums from the lower yard in {town}; {river} is forecast at {feet} ft.
unknown|24|56|CHEM|Whether the lagoon above {town} holds is looked at every hour.
limited|28|66|CONS CHEM|Booms are out in {river} at {town}; about {gallons} gallons of oily water were pumped off.
open|30|66|CHEM CMAN|The {town} plant runs again; all alarms were tested with the fire department.
open|34|66|ENER CHEM|The tank car at {town} is upright and was moved away. The street is open.
open|36|66|CONS CHEM|The cylinders collected in {town} left by {road} with a licensed carrier.
""",
}

#: By lifeline: what may be said after it.
MORE = {
    "SAFETY": """
Please keep sightseers off {road}.
Vests and cards were handed out this morning.
We answer to the county's command post.
Two-way radios are on the county's channel.
Our list of names is with the cells.
We look again in {few} hours.
""",
    "FHS": """
Our driver knows the way by {road}.
Ice would help most.
Volunteers are enough; please send no clothes.
We can take {few} pallets a day.
Next update in {few} hours.
The kitchen has its own generator.
""",
    "HEALTH": """
Staff come by {road}.
Please tell the county health office.
Beds are free in {other_town}.
Nothing is needed from the State now.
Next update in {few} hours.
A second generator would take the worry away.
""",
    "HAZMAT": """
The fire department is on the site.
The regional team was told.
Nobody was hurt.
Samples are taken every {few} hours.
Do not start engines there.
Our safety officer stays on the site.
""",
}
