"""The feed ``recruitment``: shortlisted and appointed by vacancy and ethnic category, a file a quarter."""

from __future__ import annotations

import numpy as np

from wres.sample import ethnicity, jobs, records
from wres.sample.careers import Integers
from wres.sample.employers import Employer, Employers, Quarter
from wres.sample.population import BME, WHITE

HEADER = (
    "period_start,period_end,org_code,vacancy_id,staff_block,pay_band,ethnic_category,is_international,"
    "applied,shortlisted,appointed\n"
)
STAFF_PER_VACANCY, FEWEST_VACANCIES = 250, 3
STAFF_PER_CAMPAIGN = 9000
SHORTLISTED, SHORTLISTED_OVERSEAS = 26, 20
# More BME people apply than work here already, in log odds.
APPLICANTS = 0.55
APPOINTED = {False: (0.3, 0.3 / 1.85, 0.24), True: (0.72, 0.72, 0.72)}
OVERSEAS_BME = 0.96
RATIO_SPREAD = 0.16
APPLIED_PER_SHORTLISTED = 3.5
MOST = 1000

BLOCKS = (jobs.NON_CLINICAL, jobs.CLINICAL, jobs.MEDICAL)
# Application forms ask for the national code alone, without a second character.
_CODES = [code for code in ethnicity.CODES if len(code) < 2]
_CODE_TABLE = records.table(_CODES)
_GROUPS = np.array([ethnicity.GROUP_OF[ethnicity.CODES.index(code)] for code in _CODES])
_WEIGHTS = np.array(
    [[codes.get(code, 0.0) for code in _CODES] for codes in ethnicity.CATEGORIES.values()],
)
_WITHIN = _WEIGHTS / _WEIGHTS.sum(axis=1, keepdims=True)
_COUNTS = records.table([str(number) for number in range(MOST)])
_FLAGS = records.table(["no", "yes"])
_BANDS = [
    records.table([f"{block},{jobs.label(style, block, row)}" for block, row in jobs.ROWS])
    for style in range(len(jobs.BAND_LABELS))
]


def block(seed: int, plan: Employers, employer: Employer, quarter: Quarter, heads: Integers) -> tuple[bytes, Integers]:
    """An organisation's lines of a quarter, and its sums: staff block x (shortlisted, appointed) x group.

    ``heads`` is its head count by row of indicator 1 and group, which says where the vacancies are.
    """
    rng = np.random.default_rng([seed, 6, employer.number, plan.quarters.index(quarter)])
    posts = np.where([row != "senior_medical_manager" for _, row in jobs.ROWS], heads.sum(axis=1), 0)
    staff = int(posts.sum())
    home = max(FEWEST_VACANCIES, round(staff / STAFF_PER_VACANCY))
    campaigns = int(rng.poisson(staff / STAFF_PER_CAMPAIGN))
    nurses = jobs.ROWS.index((jobs.CLINICAL, "band_5"))
    row = np.concatenate([rng.choice(len(posts), home, p=posts / staff), np.full(campaigns, nurses)])
    overseas = np.arange(home + campaigns) >= home

    share = heads[:, BME].sum() / max(1, heads[:, [WHITE, BME]].sum())
    odds = (share + 0.01) / (1.01 - share) * np.exp(APPLICANTS)
    bme = np.where(overseas, OVERSEAS_BME, odds / (1 + odds))
    unknown = 0.035
    groups = np.stack([(1 - unknown) * (1 - bme), (1 - unknown) * bme, np.full(len(bme), unknown)], axis=1)
    shortlisted = rng.multinomial(
        rng.poisson(np.where(overseas, SHORTLISTED_OVERSEAS, SHORTLISTED)) + 2, groups @ _WITHIN
    )
    # How much White candidates are favoured differs between organisations, and stays.
    lean = np.exp(np.random.default_rng([seed, 6, employer.number]).normal(0.0, RATIO_SPREAD))
    rates = np.array([APPOINTED[False], APPOINTED[True]])
    rates[0, BME] /= lean
    if employer.code == plan.no_bme_appointed and quarter.wres_year == plan.quarters[0].wres_year:
        rates[:, BME] = 0.0
    appointed = rng.binomial(shortlisted, rates[overseas.astype(int)][:, _GROUPS])
    applied = np.minimum(shortlisted + rng.poisson(APPLIED_PER_SHORTLISTED * shortlisted), MOST - 1)

    place, code = np.nonzero(shortlisted)
    text = records.lines(
        len(place),
        f"{quarter.start},{quarter.end},{employer.code}",
        records.numbers(f"SYNTHETIC-{employer.code}-{quarter}-", place, 3),
        _BANDS[employer.number % len(_BANDS)].take(row[place]),
        _CODE_TABLE.take(code),
        _FLAGS.take(overseas[place]),
        *(_COUNTS.take(counts[place, code]) for counts in (applied, shortlisted, appointed)),
    )
    sums = np.zeros((len(BLOCKS), 2, len(ethnicity.GROUP_LABELS)), dtype=np.int64)
    blocks = np.array([BLOCKS.index(name) for name, _ in jobs.ROWS])[row]
    for staff_block in range(len(BLOCKS)):
        for step, counts in enumerate((shortlisted, appointed)):
            by_code = counts[blocks == staff_block].sum(axis=0)
            sums[staff_block, step] = np.bincount(_GROUPS, weights=by_code, minlength=len(ethnicity.GROUP_LABELS))
    return text, sums
