"""The mixed model of change over the years: the methodology's values, the likelihood written out, and what cannot be fitted."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

from wres import growth
from wres.growth import Model, Observation, mixed_model

# Section 7.3 of the methodology: six organisations, three years.
CHECK = {
    "A": (1.90, 1.75, 1.70),
    "B": (1.40, 1.45, 1.30),
    "C": (2.10, 1.80, 1.62),
    "D": (1.20, 1.22, 1.26),
    "E": (1.75, 1.70, 1.56),
    "F": (1.55, 1.50, 1.51),
}


def panel(series: dict[str, tuple[float, ...]], first_year: int = 2016, shares: dict[str, float] | None = None):
    return [
        Observation(code, first_year + place, value, None if shares is None else shares.get(code))
        for code, values in series.items()
        for place, value in enumerate(values)
    ]


def simulated(seed: int, *, organisations: int = 40, years: int = 5, slope: float = -0.05, slope_sd: float = 0.04):
    draw = np.random.default_rng(seed)
    start, change = draw.normal(1.5, 0.3, organisations), draw.normal(slope, slope_sd, organisations)
    noise = draw.normal(0, 0.1, (organisations, years))
    return panel(
        {
            f"R{place:03d}": tuple(start[place] + change[place] * np.arange(years) + noise[place])
            for place in range(organisations)
        }
    )


def by_likelihood(observations, *, random_slope: bool = True) -> tuple[float, float]:
    """Slope and standard error by the restricted likelihood written out with whole matrices, and another search than ours."""
    y = np.array([one.value for one in observations])
    t = np.array([one.wres_year for one in observations], dtype=float)
    t -= t.mean()
    codes = np.unique([one.org_code for one in observations], return_inverse=True)[1]
    x = np.column_stack([np.ones_like(t), t])
    z = x if random_slope else x[:, :1]
    same = codes[:, None] == codes[None, :]

    def estimate(parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        factor = np.zeros((z.shape[1], z.shape[1]))
        factor[np.tril_indices(z.shape[1])] = parameters[1:]
        v = np.where(same, z @ factor @ factor.T @ z.T, 0) + np.exp(parameters[0]) * np.eye(len(y))
        inverse = np.linalg.inv(v)
        within = x.T @ inverse @ x
        fixed = np.linalg.solve(within, x.T @ inverse @ y)
        rest = y - x @ fixed
        value = np.linalg.slogdet(v)[1] + np.linalg.slogdet(within)[1] + rest @ inverse @ rest
        return value, fixed, np.sqrt(np.diag(np.linalg.inv(within)))

    first = [-4.0, 0.3, 0.0, 0.03] if random_slope else [-4.0, 0.3]
    found = optimize.minimize(
        lambda given: estimate(given)[0], first, method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-11, "maxiter": 4000, "maxfev": 4000},
    )  # fmt: skip
    _, fixed, errors = estimate(found.x)
    return fixed[1], errors[1]


def test_the_model_of_the_methodology() -> None:
    found = mixed_model(panel(CHECK))
    assert found.status == "ok"
    assert found.organisations == 6
    assert found.slope == pytest.approx(-0.079167, abs=5e-7)
    assert found.se == pytest.approx(0.0378, abs=5e-5)
    assert found.p_value == pytest.approx(0.036, abs=5e-4)
    assert (found.low, found.high) == pytest.approx(
        (-0.079167 - 1.959964 * 0.03778, -0.079167 + 1.959964 * 0.03778), abs=1e-5
    )
    assert "by z" in found.note


def test_without_random_slopes_the_standard_error_of_the_methodology(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown where the whole model does not converge, and that it says so."""
    whole = growth._converged
    monkeypatch.setattr(growth, "_converged", lambda *given: None if given[3].shape[1] == 2 else whole(*given))
    found = mixed_model(panel(CHECK))
    assert (found.status, found.slope) == ("random_intercept", pytest.approx(-0.079167, abs=5e-7))
    assert found.se == pytest.approx(0.0273, abs=5e-5)
    assert "did not converge" in found.note
    monkeypatch.setattr(growth, "_converged", lambda *given: None)
    found = mixed_model(panel(CHECK))
    assert (found.status, found.slope, found.se, found.low, found.p_value) == ("not_converged", None, None, None, None)


@pytest.mark.parametrize("seed", range(6))
def test_models_equal_the_likelihood_written_out(seed: int) -> None:
    observations = [one for place, one in enumerate(simulated(seed, organisations=10, years=4)) if (place + seed) % 7]
    found = mixed_model(observations)
    slope, se = by_likelihood(observations, random_slope=found.status != "random_intercept")
    assert found.status in ("ok", "singular", "random_intercept")
    assert found.slope == pytest.approx(slope, abs=1e-6)
    assert found.se == pytest.approx(se, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_model_is_where_statsmodels_finds_nothing_higher(seed: int) -> None:
    """From our maximum its own search does not move; from its own start it stops short, which is why we look ourselves."""
    observations = simulated(seed, organisations=25)
    y = np.array([one.value for one in observations])
    t = np.array([one.wres_year for one in observations], dtype=float)
    x = np.column_stack([np.ones_like(t), t - t.mean()])
    groups = np.repeat(np.arange(25), 5)
    ours = growth._converged(y, x, groups, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = MixedLMParams.from_components(fe_params=ours.effects, cov_re=ours.covariance)
        theirs = MixedLM(y, x, groups=groups, exog_re=x).fit(reml=True, start_params=start, method=["bfgs"])
        alone = MixedLM(y, x, groups=groups, exog_re=x).fit(reml=True)
    assert theirs.cov_re / theirs.scale == pytest.approx(ours.covariance, abs=1e-3)
    assert not alone.llf > theirs.llf + 1e-6
    found = mixed_model(observations)
    assert found.slope == pytest.approx(theirs.fe_params[1], abs=1e-6)
    # Theirs carries the covariance's own uncertainty: not the same number, and near.
    assert found.se == pytest.approx(theirs.bse_fe[1], rel=0.01)


def test_the_average_of_a_balanced_panel_is_the_mean_of_its_slopes() -> None:
    observations = simulated(3)
    values = np.array([one.value for one in observations]).reshape(40, 5)
    slopes = np.polyfit(np.arange(5), values.T, 1)[0]
    found = mixed_model(observations)
    assert found.slope == pytest.approx(slopes.mean(), abs=1e-10)
    assert found.se == pytest.approx(stats.sem(slopes), rel=1e-4)


@pytest.mark.parametrize(("unit", "shift"), [(100, 0), (0.001, 0), (1, 500)])
def test_units_and_origins_change_nothing_else(unit: float, shift: float) -> None:
    observations = simulated(4)
    moved = [Observation(one.org_code, one.wres_year + 7, one.value * unit + shift) for one in observations]
    one, other = mixed_model(observations), mixed_model(moved)
    assert (other.slope, other.se) == (
        pytest.approx(one.slope * unit, rel=1e-5),
        pytest.approx(one.se * unit, rel=1e-3),
    )


def test_intervals_cover_a_known_slope_at_their_rate() -> None:
    """60 simulated systems: as many intervals miss as a binomial of 5 % allows, in 998 of 1,000 such tests."""
    truth = -0.05
    found = [mixed_model(simulated(1000 + seed, organisations=25, slope=truth)) for seed in range(60)]
    assert {one.status for one in found} <= {"ok", "singular", "random_intercept"}
    missed = sum(not one.low <= truth <= one.high for one in found)
    assert stats.binom.ppf(0.001, 60, 0.05) <= missed <= stats.binom.ppf(0.999, 60, 0.05)


def test_no_change_is_found_to_be_none_at_the_nominal_rate() -> None:
    found = [
        mixed_model(simulated(5000 + seed, organisations=20, years=4, slope=0, slope_sd=0.03)) for seed in range(60)
    ]
    rejected = sum(one.p_value < 0.05 for one in found)
    assert rejected <= stats.binom.ppf(0.999, 60, 0.05)


def test_how_change_depends_on_the_bme_share_is_per_ten_points() -> None:
    draw = np.random.default_rng(9)
    shares = {f"R{place:02d}": float(share) for place, share in enumerate(draw.uniform(5, 55, 60))}
    series = {
        code: tuple(
            1.4 + 0.01 * (share - 30) / 10 + draw.normal(0, 0.2)
            + np.arange(5) * (-0.03 + 0.05 * (share - 30) / 10 + draw.normal(0, 0.02)) + draw.normal(0, 0.03, 5)
        )
        for code, share in shares.items()
    }  # fmt: skip
    found = mixed_model(panel(series, shares=shares), by_bme_share=True)
    assert found.status == "ok"
    assert found.slope == pytest.approx(0.05, abs=4 * found.se)
    slopes = [np.polyfit(np.arange(5), values, 1)[0] for values in series.values()]
    line = stats.linregress(np.array(list(shares.values())) / 10, slopes)
    assert found.slope == pytest.approx(line.slope, abs=1e-8)
    assert found.se == pytest.approx(line.stderr, rel=1e-3)


def test_slopes_that_do_not_differ_are_left_out_and_said() -> None:
    observations = [one for place, one in enumerate(simulated(3, organisations=10, years=4)) if (place + 3) % 7]
    found = mixed_model(observations)
    assert found.status == "random_intercept"
    assert "do not differ beyond chance" in found.note
    slope, se = by_likelihood(observations, random_slope=False)
    assert (found.slope, found.se) == (pytest.approx(slope, abs=1e-6), pytest.approx(se, abs=1e-6))


def cannot(found: Model, status: str) -> None:
    assert found.status == status
    assert (found.slope, found.se, found.low, found.high, found.p_value) == (None, None, None, None, None)
    assert found.note.endswith(".")


def test_what_cannot_be_fitted_says_why() -> None:
    cannot(mixed_model([]), "too_few_organisations")
    cannot(mixed_model(panel({code: CHECK[code] for code in "ABCD"})), "too_few_organisations")
    cannot(mixed_model(panel({code: values[:2] for code, values in CHECK.items()})), "too_few_organisations")
    cannot(mixed_model(panel(CHECK), by_bme_share=True), "too_few_organisations")
    cannot(mixed_model(panel(CHECK, shares=dict.fromkeys(CHECK, 20.0)), by_bme_share=True), "no_spread")
    cannot(mixed_model(panel(dict.fromkeys(CHECK, (1.5, 1.5, 1.5)))), "no_spread")
    lines = {code: tuple(place + 0.1 * place * year for year in range(3)) for place, code in enumerate(CHECK)}
    cannot(mixed_model(panel(lines)), "no_spread")


def test_the_fewest_organisations_are_those_of_the_simple_slopes() -> None:
    macro = Path(__file__).parents[2] / "dbt_project" / "macros" / "indicators" / "yearly_change.sql"
    [fewest] = re.findall(r"macro growth_fewest_organisations\(\) -%\}\s*(\d+)", macro.read_text())
    assert int(fewest) == growth.FEWEST_ORGANISATIONS
