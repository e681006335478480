"""Sentences of partners about power, water, lines and roads."""

# ruff: noqa: E501 - tables of sentences

#: By lifeline: standing, from and to which hour, sectors of who says it, what is said.
OPENINGS = {
    "ENERGY": """
closed|0|14|ENER|Feeders into {town} and {other_town} are on the ground; {customers} customers are without power.
closed|0|12|ENER|{some} poles are broken along {road} near {town}. Damage assessment begins at first light.
closed|0|16|ENER RETAIL|Our station in {town} lost its canopy and two pumps. The tanks are tight and locked.
closed|0|20|CMAN HPH FOOD|Our site in {town} is without utility power and runs on its generator. Fuel for {hours} hours.
unknown|0|10|ENER|No contact with the {town} substation since the storm; a crew is on its way by {road}.
unknown|0|14|ENER|Gas main pressure in {town} drops. We look for the leak and cannot say yet how many are affected.
limited|6|40|ENER CONS|{some} line crews work between {town} and {other_town}; {percent} percent of the main feeder is rebuilt.
limited|8|48|ENER RETAIL|Stations in {town} sell on generator power. One pump in two works; waits of {minutes} minutes.
limited|8|50|ENER TRAN|Diesel is short in {town}: {gallons} gallons left at our bulk plant, the next load comes by {road}.
limited|10|54|ENER|{customers} customers in and around {town} still have no power; critical sites come first.
limited|24|56|ENER|We took the {town} pad transformers off line before {river} reaches them. {customers} customers are dark.
closed|26|60|ENER RETAIL|Our station at {road} in {town} is closed: water stands in the forecourt. The tanks were capped in time.
limited|30|66|HPH FOOD CMAN|Utility power is back at our site in {town}, with dips. The generator stays warm for {hours} hours more.
open|30|66|ENER|The {town} substation is energized. {customers} customers came back at once; {some} spots remain.
open|34|66|ENER|The last feeder between {town} and {other_town} carries load again. Crews move on to single services.
open|34|66|ENER RETAIL|All our stations in {town} sell fuel as usual, cards included.
open|36|66|ENER|Gas service in {town} is restored after relighting {some} streets. No smell was reported since.
""",
    "WATER": """
closed|0|18|WWS|The {town} water plant has no power and its clearwell is at {percent} percent.
closed|0|20|WWS|A {number}-inch main broke under debris in {town}. Two pressure zones are dry.
unknown|0|14|WWS|Nobody could reach the intake at {river} yet; the {road} approach is blocked by trees.
limited|2|30|WWS|Pressure in {town} is low. A precautionary boil advisory is out for {customers} services.
limited|6|40|WWS HPH|Our site in {town} has water at half pressure; we haul for the kitchens.
closed|20|58|WWS|The sewage lift station at {river} in {town} is under water and bypasses.
limited|22|60|WWS|Turbidity at the {town} intake is too high after the rain; we run on storage for {hours} hours.
limited|24|62|WWS CONS|Two {number}-inch pumps keep the {town} treatment works dry. {River} stands at {feet} ft.
unknown|24|54|WWS|Samples from {town} are on their way to the laboratory; results in {hours} hours.
limited|28|66|WWS|The {town} system holds pressure again. The boil advisory stays until two samples are clear.
open|36|66|WWS|The boil advisory for {town} is lifted: two rounds of samples are clear.
open|38|66|WWS|The {town} plant is back on utility power and makes water at its usual rate.
open|40|66|WWS CONS|The lift station in {town} pumps again; the bypass into {river} has ended.
open|30|66|FOOD WWS|Our bottling line near {town} runs and can fill for {some} trucks a day.
""",
    "COMMS": """
closed|0|16|COMM|The tower on the ridge above {town} is down. Calls in {other_town} fail as well.
closed|0|22|COMM|Fiber along {road} is cut at {few} places between {town} and {other_town}.
unknown|0|12|COMM IT|We see no traffic from {town}. Whether power or the ring failed is not known.
limited|2|36|COMM|{some} of our sites around {town} run on batteries; {hours} hours are left at most.
limited|4|40|COMM|A cell on wheels stands at the {town} fairground. Texts go through, calls often do not.
limited|4|44|FIN RETAIL|Card payments fail in {town}; our branches and shops take cash only.
limited|6|50|HPH|Telephones at our {town} site work on one line. Please use the portal for what can wait.
closed|22|56|COMM|Our hut beside {river} in {town} was switched off before the water came.
limited|26|60|COMM IT|Splicing along {road} goes on; {percent} percent of the circuits to {town} are back.
unknown|20|48|COMM|Reports of failing emergency calls from {other_town} are being checked with the county.
open|32|66|COMM|The ring around {town} is closed again; all sites have two ways out.
open|34|66|COMM|Calls and data in {town} and {other_town} are back to usual. The cell on wheels stays a day.
open|34|66|FIN RETAIL|Cards work again in {town}; our machines were filled today.
""",
    "TRANS": """
closed|0|18|TRAN CONS|{road} is blocked by trees and lines between {town} and {other_town}. Our drivers turn back.
closed|0|20|TRAN|Our dock in {town} is closed: {few} trailers lie on their sides in the yard.
closed|0|24|TRAN|Track between {town} and {other_town} is out of service: {some} trees across the rails.
unknown|0|16|TRAN RETAIL|Drivers report that {road} may be open by the shoulder near {town}. Not confirmed.
limited|4|40|CONS TRAN|One lane of {road} at {town} is cleared. Loads over {number} tons should take {other_road}.
limited|6|44|TRAN FOOD|Trucks reach {town} by {other_road} with {minutes} minutes of delay.
closed|20|58|TRAN RETAIL FOOD|{road} south of {town} is under water at {river}. Signs are up, people still try.
closed|22|60|TRAN CONS|The low-water bridge at {river} near {town} is gone on the east side.
limited|24|60|TRAN|{River} stands {few} inches below the deck at {road}. We send only what must go.
unknown|22|52|TRAN|The approach to the {town} bridge looks washed out. An inspector is asked for.
limited|26|64|TRAN CONS|{road} carries trucks again in one lane with a flagger; waits of {minutes} minutes at {town}.
open|30|66|TRAN CONS|{road} between {town} and {other_town} is clear of debris on both sides.
open|34|66|TRAN|Track is inspected and trains run at {number} miles an hour through {town}.
open|38|66|TRAN FOOD RETAIL|Our {town} dock loads as usual; we have {few} trucks to spare.
""",
}

#: By lifeline: what may be said after it.
MORE = {
    "ENERGY": """
Next update in {few} hours.
Crews from two other States stage in {other_town}.
Keep generators away from the lines; two backfeeds were found.
We can share a map with the cells.
Priority list: hospital, water plant, shelter.
Bucket trucks need {road} open for wide loads.
""",
    "WATER": """
Bottled water is handed out at the {town} school.
We need {gallons} gallons of diesel for the generator by tomorrow.
The county health office knows.
Crews work around the clock.
Next samples in {few} hours.
Tankers may fill at our {other_town} hydrant with a meter.
""",
    "COMMS": """
Please text rather than call.
Fuel for the site generators lasts {hours} hours.
Our crew waits for access by {road}.
Satellite telephones are with the {town} fire station.
Next update in {few} hours.
First responders have priority on the remaining sites.
""",
    "TRANS": """
Detour by {other_road}.
Allow half an hour more; the shoulders are soft.
Drivers are told at our dispatch.
Photos are with our dispatch.
We look again in {few} hours.
Loads for shelters are let through first.
""",
}
