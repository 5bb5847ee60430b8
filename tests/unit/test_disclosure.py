"""What a reader can work out from shown, starred and rounded counts: the audit tests of the methodology, and planted leaks."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import combinations
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from made_up_counts import AS_AT, GROUPS, LEAVES, MadeUpDay
from scipy import sparse
from scipy.optimize import linprog

from wres.disclosure import complementary, days, knowledge, programmes
from wres.disclosure.audit import Attack, attacked
from wres.disclosure.bounds import Bounds, ContradictionError, propagate
from wres.disclosure.cells import KEY
from wres.disclosure.complementary import Control, UnprotectableError, control
from wres.disclosure.days import Before, Day
from wres.disclosure.proofs import packed, take_over
from wres.disclosure.reach import Reach
from wres.disclosure.room import room
from wres.disclosure.schemes import NHS_ROUND5, Scheme, scheme_of, suppress_below
from wres.disclosure.system import Space, System

ALL_IS_SUM = sparse.csr_matrix([[1.0, -1.0, -1.0, -1.0]])  # all = white + bme + unknown
SCHEMES = [NHS_ROUND5, suppress_below(11)]


def bounds(*shown: tuple[float, float]) -> Bounds:
    low, high = zip(*shown, strict=True)
    return Bounds(np.array(low, dtype=float), np.array(high, dtype=float))


@pytest.mark.parametrize(
    ("shown", "bme"),
    [
        # Row total 46, W 40, U 0 shown; B (6) hidden.
        ([(46, 46), (40, 40), (1, 10), (0, 0)], (6, 6)),
        # k 11; total 51, W 40 shown; B 7 and U 4 hidden.
        ([(51, 51), (40, 40), (1, 10), (1, 10)], (1, 10)),
        # nhs_round5: W 45, total 55 shown; B and U starred.
        ([(53, 57), (43, 47), (1, 7), (1, 7)], (1, 7)),
        # Two hidden cells that sum to 2 are both 1.
        ([(42, 42), (40, 40), (1, 10), (1, 10)], (1, 1)),
    ],
)
def test_audit_tests_of_the_methodology(shown: list[tuple[float, float]], bme: tuple[float, float]) -> None:
    found = propagate(ALL_IS_SUM, bounds(*shown), np.ones(4, dtype=bool))
    assert (found.low[2], found.high[2]) == bme


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ContradictionError):
        propagate(ALL_IS_SUM, bounds((10, 10), (40, 40), (0, 5), (0, 5)), np.ones(4, dtype=bool))


@pytest.mark.parametrize("policy", ["already_public", "suppress_below_k", "suppress_below_", ""])
def test_a_policy_that_is_no_scheme(policy: str) -> None:
    with pytest.raises(ValueError, match="no scheme"):
        scheme_of(policy)


def counts_of(organisations: int, most: int) -> st.SearchStrategy[np.ndarray]:
    size = organisations * len(LEAVES) * len(GROUPS)
    return st.lists(st.integers(0, most), min_size=size, max_size=size).map(
        lambda numbers: np.array(numbers).reshape(organisations, len(LEAVES), len(GROUPS))
    )


def searched_width(cell: int, sums: sparse.csr_matrix, shown: Bounds) -> float:
    """How far apart the least and the most of a count are, by a programme of its own over all cells and sums at once."""
    objective = np.zeros(sums.shape[1])
    objective[cell] = 1
    limits = np.column_stack([shown.low, np.minimum(shown.high, 10_000)])
    low, high = (
        linprog(sign * objective, A_eq=sums, b_eq=np.zeros(sums.shape[0]), bounds=limits).fun * sign for sign in (1, -1)
    )
    return high - low


@settings(max_examples=15, deadline=None)
@given(st.integers(4, 6).flatmap(lambda count: counts_of(count, 30)), st.sampled_from(SCHEMES))
def test_no_small_count_follows_from_what_is_shown(people: np.ndarray, scheme: Scheme) -> None:
    day = MadeUpDay.of(people)
    sums = day.sums
    try:
        found = day.controlled(scheme)
    except UnprotectableError:
        # Nothing is left to hide: so few people are in all of England that its sums have no room.
        assert people.sum() < 100
        return
    small = scheme.is_small(day.truth) & ~found.exact
    assert found.hidden[small].all()
    shown = scheme.shown_bounds(day.truth, found.hidden, found.exact, np.zeros(len(day.truth), dtype=bool))
    for cell in np.flatnonzero(small):
        assert searched_width(cell, sums, shown) >= scheme.protection - 1e-6, day.cells.iloc[cell].to_dict()
    assert day.audited(scheme, day.shown(scheme, found.hidden, found.exact)).passed


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(counts_of(4, 25), st.sampled_from(SCHEMES), st.integers(0, 2**32 - 1))
def test_the_audit_finds_all_leaks_and_no_others(people: np.ndarray, scheme: Scheme, chance: int) -> None:
    """Of counts hidden by chance, and small ones; bounds of whole numbers may tell more than a programme of fractions."""
    day = MadeUpDay.of(people)
    exact = day.cells["level"].isin(scheme.exact_levels).to_numpy()
    small = scheme.is_small(day.truth) & ~exact
    shown = day.shown(scheme, small | (np.random.default_rng(chance).uniform(size=len(small)) < 0.4), exact)
    read = scheme.read(shown.to_numpy(), day.truth)
    narrow = propagate(day.sums, read, np.ones(len(small), dtype=bool)).width < scheme.protection - 1e-6
    leaks = {cell for cell in np.flatnonzero(small) if searched_width(cell, day.sums, read) < scheme.protection - 1e-6}
    found = day.audited(scheme, shown).leaks[KEY].merge(day.cells.reset_index(), on=KEY)
    assert leaks <= set(found["index"]) <= leaks | set(np.flatnonzero(narrow))


def test_sums_come_in_the_same_order_in_every_process() -> None:
    """What is hidden is chosen among equals by their order: the same counts have to give the same release."""
    script = (
        "import pandas as pd\n"
        "from wres.disclosure.relations import _finer\n"
        "schemes = ['wres', 'six_group', 'white_split', 'detailed']\n"
        "rows = [(scheme, f'G{key}', 'bme', key) for scheme in schemes for key in 'HM']\n"
        "columns = ['group_scheme', 'ethnic_group', 'ethnicity_group', 'ethnic_key']\n"
        "print(list(_finer(pd.DataFrame(rows, columns=columns))))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in "12"
    }
    assert len(told) == 1 and "detailed" in told.pop()


def test_every_sum_that_is_shown_is_a_condition_of_its_own() -> None:
    """Each sum of two of 250 counts, twice: as many conditions as pairs, none of which stands for another."""
    pairs = np.array(list(combinations(range(250), 2)))
    columns, starts = np.tile(pairs.ravel(), 2), np.arange(0, 4 * len(pairs) + 1, 2)
    rows = sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=(2 * len(pairs), 250))
    two, ten = np.full(2 * len(pairs), 2.0), np.full(250, 10.0)
    space = Space(rows, Bounds(-two, two), Bounds(-ten, ten), fix=True)
    assert space.rows.shape[0] == len(pairs)
    assert (space.condition[: len(pairs)] == space.condition[len(pairs) :]).all()


EVERY = (0, np.inf)


@pytest.mark.parametrize(
    ("prices", "known", "hidden"),
    [
        # Of the two that would do the one that is missed less; never what readers know already.
        ([9, 0, 2, 3], [EVERY, EVERY, EVERY, EVERY], {2}),
        ([9, 0, 3, 2], [EVERY, EVERY, EVERY, EVERY], {3}),
        ([1, 0, 3, 2], [EVERY, EVERY, EVERY, EVERY], {0}),
        ([9, 0, 0, 0], [EVERY, EVERY, (27, 27), (30, 30)], {0}),
        ([0, 0, 0, 0], [(60, 60), EVERY, (27, 27), (30, 30)], set()),
        # What they know to within three people does with what they know to within two; to within five it does alone.
        ([9, 0, 2, 3], [EVERY, EVERY, (24, 30), (28, 32)], {2, 3}),
        ([9, 0, 2, 3], [EVERY, EVERY, (22, 32), (28, 32)], {2}),
        ([1, 0, 2, 3], [EVERY, EVERY, (24, 30), (28, 32)], {0}),
    ],
)
def test_the_cheapest_room_is_found_with_its_proof(
    prices: list[float], known: list[tuple[float, float]], hidden: set[int]
) -> None:
    """60 in all, of whom one organisation's 3 are hidden, and 27 and 30 shown."""
    truth = np.array([60.0, 3.0, 27.0, 30.0])
    exactly = [(at, at) for at in truth]
    cells = pd.DataFrame({"area": ["", "a", "b", "c"], "org_code": ["ENGLAND", "A", "B", "C"]})
    system, reach, leak = (
        System(ALL_IS_SUM, bounds(*exactly[:1], EVERY, *exactly[2:]), truth),
        Reach.of(truth, 5),
        truth == 3,
    )
    found, moves = room(system, system.showing(bounds(*known)), cells, leak, reach, np.array(prices))
    assert set(found) == hidden and len(moves) == bool(hidden)
    for move in moves:
        reach.take(system, move)
        assert not reach.proves().any(), "beside all that is shown it does not fit"
        reach.take(
            system.showing(bounds(*(known[n] if n in {1, *hidden} else exactly[n] for n in range(len(truth))))), move
        )
    assert reach.proves(np.array([1])).all() == bool(hidden)


# -- Planted leaks ------------------------------------------------------------------------------------------------------

# By organisation, pay row and group: a small BME count in every organisation's band 8d, and one alone at the top.
PEOPLE = np.array([[[400, 90, 30], [120, 40, 20], [61, 3 + n % 4, 16], [50, 4 * (n == 1), 12]] for n in range(6)])


@pytest.fixture(scope="module", params=SCHEMES, ids=[scheme.name for scheme in SCHEMES])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return request.param


@pytest.fixture(scope="module")
def day() -> MadeUpDay:
    return MadeUpDay.of(PEOPLE)


@pytest.fixture(scope="module")
def controlled(day: MadeUpDay, scheme: Scheme):
    return day.controlled(scheme)


def leaks_of(attack: Attack) -> set[tuple[str, str, str]]:
    return set(attack.leaks[["org_code", "slice", "member"]].itertuples(index=False, name=None))


def test_nothing_follows_from_a_controlled_day(day: MadeUpDay, scheme: Scheme, controlled) -> None:
    attack = day.audited(scheme, day.shown(scheme, controlled.hidden, controlled.exact))
    assert attack.passed and attack.protected == (scheme.is_small(day.truth) & ~controlled.exact).sum() > 0
    assert attack.narrowest is not None and attack.narrowest >= scheme.protection


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["by what holds many back", "one by one"])
def test_what_stands_in_the_way_is_found_either_way(
    day: MadeUpDay, scheme: Scheme, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """The way of programmes with thousands of counts, gone with few: it hides as little, and protects as well."""
    monkeypatch.setattr(programmes, "_FROM_INSIDE", 0)
    monkeypatch.setattr(complementary, "_SOME", few)
    monkeypatch.setattr(complementary, "_PROGRESS", 0.0)
    found = day.controlled(scheme)
    attack = day.audited(scheme, day.shown(scheme, found.hidden, found.exact))
    assert attack.passed and attack.protected > 0
    assert found.primary.sum() < found.hidden.sum() < 0.6 * len(day.truth)


def test_days_come_in_order_whoever_works_on_them(day: MadeUpDay, scheme: Scheme) -> None:
    """Small ones here, and from the first large one on each in a process that reads it itself."""
    none = pd.DataFrame()
    large = pd.concat([day.cells] * (10_000 // len(day.cells) + 1))
    dates = [date(2024, month, 1) for month in range(1, 6)]
    cells = [day.cells, day.cells, large, day.cells, large]
    reads = [partial(Day, as_at, scheme, of_day, none, none, none) for as_at, of_day in zip(dates, cells, strict=True)]
    assert list(days.each(attrgetter("as_at"), reads)) == dates
    for few in range(4):
        assert list(days.each(attrgetter("as_at"), reads[:few])) == dates[:few]


def test_a_day_without_counts_of_records_has_nothing_to_attack(day: MadeUpDay, scheme: Scheme) -> None:
    nothing = MadeUpDay(day.cells.iloc[:0], day.units)
    attack = nothing.audited(scheme, pd.Series([], dtype=float))
    assert (attack.passed, attack.hidden, attack.protected, attack.narrowest) == (True, 0, 0, None)


def test_small_counts_alone_do_not_do(day: MadeUpDay, scheme: Scheme) -> None:
    """Without complementary suppression: the whole and the other members are shown."""
    exact = day.cells["level"].isin(scheme.exact_levels).to_numpy()
    shown = day.shown(scheme, scheme.is_small(day.truth) & ~exact, exact)
    assert ("R1", "non_clinical.vsm", "bme") in leaks_of(day.audited(scheme, shown))


def test_what_analysts_alone_may_see_follows_from_nothing_either(day: MadeUpDay, scheme: Scheme) -> None:
    """Bands 8d and VSM are withheld: hidden whatever their size, and the others give no small count of theirs away."""
    withheld = day.cells["slice"].str.endswith((".band_8d", ".vsm"))
    of_day = day.day(scheme)
    with_them = replace(of_day, cells=of_day.cells.assign(withheld=withheld))
    found = control(knowledge.of_day(with_them), scheme)
    assert found.hidden[withheld].all()
    shown = day.shown(scheme, found.hidden, found.exact)
    attack = attacked(replace(with_them, cells=with_them.cells.assign(shown=shown)))
    assert attack.passed and attack.protected > 0
    # Controlled as if no sum had them in it; rounding leaves room enough here.
    others = MadeUpDay(day.cells[~withheld].reset_index(drop=True), day.units)
    apart = others.controlled(scheme)
    shown = pd.Series(np.nan, index=day.cells.index)
    shown[~withheld] = others.shown(scheme, apart.hidden, apart.exact).to_numpy()
    attack = attacked(replace(with_them, cells=with_them.cells.assign(shown=shown)))
    assert attack.passed == (scheme.rounded_to > 1)


def test_a_small_count_that_is_shown_is_a_leak(day: MadeUpDay, scheme: Scheme, controlled) -> None:
    shown = day.shown(scheme, controlled.hidden, controlled.exact)
    planted = day.where(org_code="R2", slice="non_clinical.band_8d", member="bme")
    shown[planted] = day.truth[planted]
    assert ("R2", "non_clinical.band_8d", "bme") in leaks_of(day.audited(scheme, shown))


def test_a_proof_is_checked_and_not_believed(day: MadeUpDay, scheme: Scheme, controlled: Control) -> None:
    """Control's tables prove what they proved; where the release shows one count more, those that change it prove nothing."""
    known = knowledge.of_day(day.day(scheme))
    proofs = packed(known.cells, controlled.moves)

    def proved(hidden: np.ndarray, proofs: bytes) -> np.ndarray:
        reader = scheme.shown_bounds(day.truth, hidden, controlled.exact, np.zeros(len(hidden), dtype=bool))
        reach = Reach.of(day.truth, scheme.protection)
        take_over(proofs, System(known.sums, reader, day.truth), known, reach)
        assert (reach.low >= reader.low - 1e-6).all() and (reach.high <= reader.high + 1e-6).all()
        return reach.proves()

    small = scheme.is_small(day.truth) & ~controlled.exact
    assert proved(controlled.hidden, proofs)[small].all()
    shown = day.where(org_code="R2", slice="non_clinical.band_8d", member="bme")
    assert small[shown].all() and not proved(controlled.hidden & ~shown, proofs)[shown].any()
    # Ten times as far is further than what is shown allows, and a table of other counts is none of this release.
    assert not proved(controlled.hidden, packed(known.cells, 10 * controlled.moves)).any()
    others = known.cells.assign(org_code="other " + known.cells["org_code"])
    assert not proved(controlled.hidden, packed(others, controlled.moves)).any()
    for damaged in (b"", b"no moves", proofs[: len(proofs) // 2], proofs[:-200] + bytes(200)):
        assert not proved(controlled.hidden, damaged).any()


@pytest.mark.parametrize(
    "kind",
    [
        {"org_code": "R1", "slice": "non_clinical.band_8d"},  # the row's total, White and Unknown
        {"org_code": "R1", "member": "bme"},  # all other bands, and the whole
        {"slice": "non_clinical.band_8d", "member": "bme"},  # the region, and all of it but one
    ],
    ids=["groups", "slices", "areas"],
)
def test_all_but_one_of_a_sum_is_a_leak(day: MadeUpDay, scheme: Scheme, controlled, kind: dict[str, str]) -> None:
    shown = day.shown(scheme, controlled.hidden, controlled.exact)
    target = ("R1", "non_clinical.band_8d", "bme")
    planted = day.where(**kind)
    shown[planted] = day.truth[planted]
    shown[day.where(org_code=target[0], slice=target[1], member=target[2])] = np.nan
    assert target in leaks_of(day.audited(scheme, shown))


def test_totals_that_are_not_rounded_are_a_leak(day: MadeUpDay) -> None:
    small = NHS_ROUND5.is_small(day.truth)
    totals = day.where(member="all") | day.where(member="white") | day.where(member="unknown")
    attack = day.audited(NHS_ROUND5, day.shown(NHS_ROUND5, small, totals))
    assert {("R0", "non_clinical.band_8d", "bme"), ("R1", "non_clinical.vsm", "bme")} <= leaks_of(attack)


def test_what_is_public_already_protects_nothing_and_needs_no_protection(day: MadeUpDay, scheme: Scheme) -> None:
    """The returns of all organisations but one are public: theirs is what is left of the region's."""
    public = day.where(level="organisation") & ~day.where(org_code="R1")
    found = day.controlled(scheme, public)
    shown = day.shown(scheme, found.hidden, found.exact)
    assert found.hidden[day.where(level="region", org_code="Y1", slice="non_clinical.band_8d", member="bme")].all()
    assert day.audited(scheme, shown, public).passed
    # To somebody who does not know the returns, the same release says less still.
    assert day.audited(scheme, shown).protected > day.audited(scheme, shown, public).protected


# -- Finer groups --------------------------------------------------------------------------------------------------------

BLACK = PEOPLE[:, :, 1] // 3
BLACK[0, 0] = 5
MEN = 2 * PEOPLE // 5


@pytest.fixture(scope="module")
def finer() -> MadeUpDay:
    return MadeUpDay.of(PEOPLE, BLACK, MEN)


@pytest.fixture(scope="module")
def controlled_finer(finer: MadeUpDay, scheme: Scheme) -> Control:
    return finer.controlled(scheme)


def test_nothing_follows_from_finer_groups(finer: MadeUpDay, scheme: Scheme, controlled_finer: Control) -> None:
    attack = finer.audited(scheme, finer.shown(scheme, controlled_finer.hidden, controlled_finer.exact))
    assert attack.passed and attack.protected
    # A group of a scheme is hidden alone, and does not take the row of the standard with it.
    row = finer.where(org_code="R0", slice="non_clinical.band_2")
    assert list(finer.cells["member"][row & controlled_finer.primary]) == ["bme/six_group/Black"]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (("non_clinical.band_8d", "bme/six_group/Asian"), {"slice": "non_clinical.band_8d"}),
        (("non_clinical.band_8d|sex:Male", "bme"), {"member": "bme"}),
        (("non_clinical.band_8d", "bme/six_group/Asian"), {"member": "bme/six_group/Asian"}),
    ],
    ids=["groups", "sexes", "slices"],
)
def test_all_but_one_of_a_finer_sum_is_a_leak(
    finer: MadeUpDay, scheme: Scheme, controlled_finer: Control, target: tuple[str, str], told: dict[str, str]
) -> None:
    shown = finer.shown(scheme, controlled_finer.hidden, controlled_finer.exact)
    planted = finer.where(org_code="R2", **told)
    shown[planted] = finer.truth[planted]
    hidden = finer.where(org_code="R2", slice=target[0], member=target[1])
    assert scheme.is_small(finer.truth[hidden]).all()
    shown[hidden] = np.nan
    assert ("R2", *target) in leaks_of(finer.audited(scheme, shown))


def test_those_who_were_appointed_were_shortlisted(scheme: Scheme) -> None:
    """Of 13 BME and Unknown people shortlisted at least 6 and 3 were, since so many were appointed: 6 to 10, and 3 to 7."""
    counts = {
        "shortlisted": {"white": 41, "bme": 7, "unknown": 6, "all": 54},
        "appointed": {"white": 22, "bme": 6, "unknown": 3, "all": 31},
    }
    cells = pd.DataFrame(
        [
            (population, "organisation", "R0", "trusts", "as_reported", AS_AT, "all", member, float(truth))
            for population, members in counts.items()
            for member, truth in members.items()
        ],
        columns=[*KEY, "truth"],
    )
    day = MadeUpDay(cells, MadeUpDay.of(PEOPLE).units)
    shown = pd.Series(np.where(day.where(member="bme") | day.where(member="unknown"), np.nan, day.truth))
    assert day.audited(scheme, shown).passed
    told = day.where(population="appointed")
    assert ("R0", "all", "bme") in leaks_of(day.audited(scheme, shown, public=told))


# -- Two releases --------------------------------------------------------------------------------------------------------

# Nobody is few; then one organisation corrects a count that a release has shown.
OLD = np.array([[[400, 90, 30], [120, 40, 20], [61, 31, 16], [50, 24, 12]] for _ in range(6)])
NEW = OLD.copy()
NEW[1, 1, 1] = 6


@pytest.fixture(scope="module")
def before(scheme: Scheme) -> Before:
    """The release before, as everybody has it: all is shown."""
    old = MadeUpDay.of(OLD)
    found = old.controlled(scheme)
    assert not found.hidden.any()
    return Before(old.cells.assign(shown=old.shown(scheme, found.hidden, found.exact)), scheme)


def test_the_release_before_gives_a_corrected_count_away(scheme: Scheme, before: Before) -> None:
    """All others have stayed as they were: what the area's total has lost is what one organisation has lost."""
    new = MadeUpDay.of(NEW)
    everywhere = new.where(level="organisation")
    shown = new.shown(scheme, everywhere, new.where(level="england"))
    assert new.audited(scheme, shown).passed
    assert ("R1", "non_clinical.band_8c", "bme") in leaks_of(new.audited(scheme, shown, before=before))


def test_what_a_release_hides_does_not_follow_from_the_one_before(scheme: Scheme, before: Before) -> None:
    new = MadeUpDay.of(NEW)
    found = new.controlled(scheme, before=before)
    attack = new.audited(scheme, new.shown(scheme, found.hidden, found.exact), before=before)
    assert attack.passed and attack.protected
    # England is still there: only what the correction touches is hidden besides.
    assert not found.hidden[new.where(level="organisation", org_code="R4")].any()


def test_what_was_rounded_before_can_be_rounded_again() -> None:
    """Two organisations are not public: their 3 are all that is left of England's 19, and 2 to 6 of about 20."""
    people = PEOPLE.copy()
    people[1:3, 2, 1] = 1, 2
    day = MadeUpDay.of(people)
    of_england = day.where(level="england")
    shown = pd.Series(NHS_ROUND5.rounded(day.truth)).where(of_england)
    before = Before(day.cells.assign(shown=shown), NHS_ROUND5)
    public = day.where(level="organisation") & ~day.where(org_code="R1") & ~day.where(org_code="R2")
    found = day.controlled(NHS_ROUND5, public, before)
    assert not found.exact[of_england & day.where(slice="non_clinical.band_8d", member="bme")].any()
    assert found.exact[of_england].any()
    attack = day.audited(NHS_ROUND5, day.shown(NHS_ROUND5, found.hidden, found.exact), public, before)
    assert attack.passed and attack.protected


def test_a_release_that_is_the_same_needs_nothing_more(scheme: Scheme, day: MadeUpDay, controlled) -> None:
    same = day.cells.assign(shown=day.shown(scheme, controlled.hidden, controlled.exact))
    again = day.controlled(scheme, before=Before(same, scheme))
    assert (again.hidden == controlled.hidden).all()
    assert day.audited(scheme, same["shown"], before=Before(same, scheme)).passed


@pytest.mark.parametrize(("old", "new"), [SCHEMES, SCHEMES[::-1]], ids=lambda scheme: scheme.name)
def test_the_release_before_is_read_by_its_own_scheme(day: MadeUpDay, old: Scheme, new: Scheme) -> None:
    """A number that was rounded is no true count, and one that was not says more than a rounded one."""
    found = day.controlled(old)
    shown = day.shown(old, found.hidden, found.exact)
    before = Before(day.cells.assign(shown=shown), old)
    known, read = knowledge.of_day(day.day(new, before=before)).bounds, shown.notna().to_numpy()
    assert (known.low <= day.truth).all() and (day.truth <= known.high).all()
    assert (known.width[read] == 0).all() == (old.rounded_to == 1)
    found = day.controlled(new, before=before)
    attack = day.audited(new, day.shown(new, found.hidden, found.exact), before=before)
    assert attack.passed and attack.protected
    alone = day.shown(new, new.is_small(day.truth), day.cells["level"].isin(new.exact_levels).to_numpy())
    assert not day.audited(new, alone, before=before).passed
