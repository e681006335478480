"""Code lists: what the shipped ones hold, replacing one, and what a bad file says."""

import re
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.core.codes import SHIPPED, CodeList, CodeListError, load
from portal.offers.queries.catalogue import read_attribute

NAMES = sorted(path.stem for path in SHIPPED.glob("*.toml"))

HEAD = 'urn = "urn:x-test:levels"\ntitle = "Levels"\nsource = "a test"\n'


@pytest.fixture(params=NAMES)
def shipped(request: pytest.FixtureRequest) -> CodeList:
    """Every shipped list in turn."""
    return load(request.param)


def own_file(folder: Path, body: str, name: str = "activation-levels") -> None:
    (folder / f"{name}.toml").write_text(body, "utf-8")


def level(code: str = "watch", label: str = "Watch", rest: str = "") -> str:
    full = 'short = "1"\nordinal = 1\ndescription = "Looking."\nis_activated = false\n'
    return f'[[codes]]\ncode = "{code}"\nlabel = "{label}"\n{rest or full}'


def test_all_lists_are_there() -> None:
    assert set(NAMES) == {
        *("counties", "regions", "sectors", "lifelines", "standings", "incident-types"),
        *("activation-levels", "organization-kinds", "catalogue", "units", "compensation"),
        *("post-reasons", "offer-reasons", "time-zones", "roles", "sign-in-ways"),
        *("assignments", "links", "decisions", "acts"),
        *("post-kinds", "sources", "certainties", "tlp"),
        "free-mail",
        *("offer-priorities", "operators", "transports", "vetting"),
        *("looks", "refusals", "rooms"),
    }


def test_a_list_says_what_it_is_and_where_it_is_from(shipped: CodeList) -> None:
    assert shipped.urn.startswith("urn:x-mo-beoc:")
    assert shipped.title
    assert shipped.source
    assert not re.search(r"\bS\d+\b", shipped.source), "a source is an address, not a number"


def test_no_two_lists_share_a_urn() -> None:
    assert len({load(name).urn for name in NAMES}) == len(NAMES)


def test_labels_are_unique_and_every_code_fills_every_column(shipped: CodeList) -> None:
    assert len(set(shipped.choices().values())) == len(shipped)
    shapes = {tuple((k, type(v)) for k, v in each.more.items()) for each in shipped.values()}
    assert len(shapes) == 1


def test_a_list_is_read_once_and_cannot_be_changed() -> None:
    lifelines = load("lifelines")
    assert load("lifelines") is lifelines
    assert isinstance(lifelines["ENERGY"]["components"], tuple)
    with pytest.raises(TypeError):
        lifelines["ENERGY"].more["components"] = ()  # type: ignore[index]


def test_labels_choices_and_order() -> None:
    standings = load("standings")
    assert list(standings) == ["open", "limited", "closed", "unknown"]
    assert standings.choices()["closed"] == standings.label("closed") == "Closed"
    assert standings.label("on fire") == "on fire"
    assert "on fire" not in standings
    with pytest.raises(KeyError):
        standings["open"]["no such column"]


# --- what the lists hold -----------------------------------------------------------------


def test_115_counties_by_region() -> None:
    counties = load("counties")
    assert len(counties) == 115
    assert all(re.fullmatch(r"29\d{3}", code) for code in counties)
    by_region = Counter(each["region"] for each in counties.values())
    assert by_region == dict(zip("ABCDEFGHI", (13, 16, 12, 18, 13, 13, 9, 15, 6), strict=True))
    assert set(by_region) == set(load("regions"))
    assert load("regions").label("D") == "Region D"


@pytest.mark.parametrize(
    ("code", "label", "region"),
    [
        ("29189", "St. Louis County", "C"),
        ("29510", "St. Louis city", "C"),
        ("29186", "Ste. Genevieve", "C"),
        ("29185", "St. Clair", "D"),
        ("29183", "St. Charles", "C"),
        ("29187", "St. Francois", "C"),
        ("29009", "Barry", "D"),
        ("29063", "DeKalb", "H"),
        ("29119", "McDonald", "D"),
        ("29203", "Shannon", "G"),
    ],
)
def test_county_traps(code: str, label: str, region: str) -> None:
    county = load("counties")[code]
    assert (county.label, county["region"]) == (label, region)


def test_the_old_code_of_ste_genevieve_is_gone() -> None:
    assert "29193" not in load("counties")


def test_counties_are_where_people_look_for_them() -> None:
    labels = list(load("counties").choices().values())
    spoken = [re.sub(r"^Ste?\. ", "Saint ", label).casefold() for label in labels]
    assert spoken == sorted(spoken)
    after = labels.index("Ripley")
    assert labels[after + 1] == "St. Charles"
    assert labels[after + 7] == "Saline"


def test_sectors_and_lifelines() -> None:
    national = [each for each in load("sectors").values() if not each["local"]]
    assert len(national) == 16
    assert load("sectors")["RETAIL"]["local"]
    lifelines = load("lifelines")
    assert len(lifelines) == 8
    assert sum(len(each["components"]) for each in lifelines.values()) == 30


def test_standings_are_drawn_in_shapes_of_their_own() -> None:
    standings = load("standings").values()
    for column in ("shape", "icon", "tone", "lifeline"):
        assert len({each[column] for each in standings}) == len(standings)


def test_incident_types_are_openfema_codes_or_marked_local() -> None:
    types = load("incident-types")
    assert len(types) == 33 + 6
    assert all((len(each.code) == 1) is not each["local"] for each in types.values())
    assert list(types)[:2] == ["F", "T"]
    assert list(types)[-2:] == ["Z", "0"]


def test_activation_levels_rise() -> None:
    levels = load("activation-levels").values()
    assert [each["ordinal"] for each in levels] == [1, 2, 3]
    assert [each["is_activated"] for each in levels] == [False, True, True]


def test_every_unit_of_the_catalogue_is_a_unit() -> None:
    units = load("units")
    for item in load("catalogue").values():
        assert item["units"], item.code
        assert set(item["units"]) <= set(units), item.code
        assert len(set(item["units"])) == len(item["units"]), item.code


def test_every_item_asks_what_can_be_answered() -> None:
    for item in load("catalogue").values():
        assert item["priority"] in load("offer-priorities"), item.code
        asked = [read_attribute(text) for text in item["attributes"]]
        assert all(1 <= len(it.name) <= 60 for it in asked), item.code
        assert len({it.name for it in asked}) == len(asked), item.code
        for it in asked:
            assert len(it.choices) != 1, (item.code, it.name)
            assert len(set(it.choices)) == len(it.choices), (item.code, it.name)


def test_the_more_pressing_is_answered_earlier() -> None:
    priorities = load("offer-priorities").values()
    assert [it.code for it in priorities] == ["urgent", "routine", "low"]
    for column in ("answer_minutes", "reply_minutes"):
        minutes = [it[column] for it in priorities]
        assert minutes == sorted(set(minutes))
        assert minutes[0] > 0
    assert [it["answer_minutes"] for it in priorities] == [30, 60, 240]


def test_two_checks_come_before_a_listing() -> None:
    checks = load("vetting").values()
    assert [it.code for it in checks if it["required"]] == ["caller", "duplicates"]
    assert len({it["short"] for it in checks}) == len(checks)


def test_transport_and_operator_are_asked_of_every_offer() -> None:
    assert set(load("transports")) == {"delivers", "pickup", "either"}
    assert set(load("operators")) == {"included", "none", "not_needed"}


def test_units_have_words_and_codes_of_recommendation_20() -> None:
    units = load("units")
    assert all(
        each["singular"] and each["plural"] and each["symbol"] for each in units.values()
    )
    standard = [each["rec20"] for each in units.values() if each["rec20"]]
    assert len(set(standard)) == len(standard)
    assert units["GAL"]["rec20"] == "GLL"
    assert units["EA"]["rec20"] == "C62"


def test_terms_and_reasons_ask_for_what_they_need() -> None:
    terms = load("compensation").values()
    assert [each.code for each in terms if each["price"]] == ["quoted_price"]
    assert [each.code for each in terms if each["contract"]] == ["state_contract"]
    reasons = load("post-reasons").values()
    assert [each.code for each in reasons if each["note_required"]] == ["other"]
    assert {"cash_redirect", "used_goods", "not_needed"} <= set(load("offer-reasons"))
    assert list(load("organization-kinds"))[-1] == "agency"


def test_time_zones_exist_and_missouri_is_first() -> None:
    zones = load("time-zones")
    assert next(iter(zones)) == "America/Chicago"
    assert all(ZoneInfo(code).key == code for code in zones)


# --- replacing a list ----------------------------------------------------------------------


def test_a_file_in_the_instance_folder_replaces_the_shipped_one_whole(tmp_path: Path) -> None:
    own_file(tmp_path, HEAD + level())
    levels = load("activation-levels", tmp_path)
    assert levels.choices() == {"watch": "Watch"}
    assert levels.urn == "urn:x-test:levels"
    assert "full" in load("activation-levels")


def test_without_a_file_the_folder_changes_nothing(tmp_path: Path) -> None:
    own_file(tmp_path, HEAD + level())
    assert load("regions", tmp_path) == load("regions")


@pytest.mark.parametrize("rest", ['short = "1"\n', 'is_activated = "no"\n'])
def test_a_replacing_file_fills_the_same_columns(tmp_path: Path, rest: str) -> None:
    own_file(tmp_path, HEAD + level() + level("full", "Full", rest))
    with pytest.raises(CodeListError, match=r"activation-levels\.toml, code 'full': needs"):
        load("activation-levels", tmp_path)


# --- malformed files -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (HEAD + level() + level(), "code 'watch': is there twice"),
        (HEAD + '[[codes]]\ncode = "watch"\n', "code 'watch': label is missing"),
        (HEAD + level(label=" "), "code 'watch': label is missing"),
        (HEAD + '[[codes]]\nlabel = "Watch"\n', "number 1 has no code"),
        (HEAD + level() + '[[codes]]\ncode = 2\nlabel = "Two"\n', "number 2 has no code"),
        (HEAD + "codes = [7]\n", "number 1 has no code"),
        (HEAD + '[[code]]\ncode = "watch"\n', r"has no \[\[codes\]\]"),
        (HEAD + "codes = []\n", r"has no \[\[codes\]\]"),
        (level(), "urn is missing"),
        (HEAD.replace('"a test"', '""') + level(), "source is missing"),
        (HEAD + "[[codes]\n", "line 4"),
    ],
)
def test_a_malformed_file_is_named_with_its_fault(tmp_path: Path, body: str, says: str) -> None:
    own_file(tmp_path, body)
    with pytest.raises(ValueError, match=rf"activation-levels\.toml.*{says}"):
        load("activation-levels", tmp_path)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "regions.toml").write_bytes(HEAD.replace("test", "t\u00e9st").encode("latin-1"))
    with pytest.raises(ValueError, match=r"regions\.toml: .*utf-8"):
        load("regions", tmp_path)
