"""Growth over the years: a mixed model beside the simple slopes of ``yearly_change``, after dbt and before the gate.

The models of a release are few (an indicator, a scale, a group of organisations each), and no database fits them. The step
fills the columns ``model_*`` of the candidate's two tables: ``restricted`` from true figures, ``published`` from controlled
ones. Where it has not run, ``model_status`` says ``not_fitted`` and the gate blocks.

Source: University of Sheffield, Evaluation of the NHS WRES (2019), for the design.
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import psycopg
from psycopg import sql

from wres import outcome, warehouse
from wres.build import BuildError
from wres.settings import Settings

# As in macro growth_fewest_organisations.
FEWEST_ORGANISATIONS = 5
# Two years make a slope; a slope, its variance between organisations and a residual take three.
FEWEST_YEARS = 3
Z_95 = 1.959963984540054
# Variances relative to the residual's that add nothing to any standard error.
_NOTHING = 1e-3

Status = Literal["ok", "singular", "random_intercept", "not_converged", "no_spread", "too_few_organisations"]
_Array = np.ndarray[Any, np.dtype[np.float64]]
_Places = np.ndarray[Any, np.dtype[np.int64]]

_KEY = ("indicator_code", "slice", "definition_version", "basis", "scale")
# Table of the candidate, and the series that it was made from.
_TWINS = {"restricted_yearly_change": "int_change__series", "yearly_change": "int_change__series_controlled"}


class GrowthError(BuildError):
    """There is no candidate to fit the models of."""


@dataclass(frozen=True)
class Observation:
    """One organisation's figure of one year, on the scale of its series; ``bme_share_pct`` is 0-100 or unknown."""

    org_code: str
    wres_year: int
    value: float
    bme_share_pct: float | None = None


@dataclass(frozen=True)
class Model:
    """What was fitted: yearly change (units of the value a year), 95% interval and p-value by z, and how to take it."""

    status: Status
    note: str
    organisations: int
    slope: float | None = None
    se: float | None = None

    @property
    def low(self) -> float | None:
        return None if self.slope is None or self.se is None else self.slope - Z_95 * self.se

    @property
    def high(self) -> float | None:
        return None if self.slope is None or self.se is None else self.slope + Z_95 * self.se

    @property
    def p_value(self) -> float | None:
        return None if self.slope is None or not self.se else math.erfc(abs(self.slope / self.se) / math.sqrt(2))


def mixed_model(observations: Sequence[Observation], *, by_bme_share: bool = False) -> Model:
    """Average yearly change within organisations: ``y = b0 + b1 t + u0 + u1 t + e``, restricted maximum likelihood.

    Args:
        observations: one series; organisations with fewer than three years take no part.
        by_bme_share: give the interaction of time with the BME share of the workforce, per 10 points, instead of ``b1``.

    Returns:
        The fixed effect with the status of the fit. A random slope without variance is left out, one that does not converge
        too, and both are said; where not even the random intercept converges there is no figure.
    """
    years: dict[str, int] = defaultdict(int)
    for one in observations:
        if not by_bme_share or one.bme_share_pct is not None:
            years[one.org_code] += 1
    used = sorted(
        (one for one in observations if years[one.org_code] >= FEWEST_YEARS),
        key=lambda one: (one.org_code, one.wres_year),
    )
    codes = sorted({one.org_code for one in used})
    if len(codes) < FEWEST_ORGANISATIONS:
        with_share = " and a known BME share" if by_bme_share else ""
        note = f"Fewer than {FEWEST_ORGANISATIONS} organisations have three years{with_share} ({len(codes)})."
        return Model("too_few_organisations", note, len(codes))
    values = np.array([one.value for one in used], dtype=float)
    time = np.array([one.wres_year for one in used], dtype=float)
    groups = np.searchsorted(codes, [one.org_code for one in used]).astype(np.int64)
    # On scales of their own, so that tolerances mean the same for every series.
    unit, year = float(values.std()), float(time.std())
    y, t = (values - values.mean()) / (unit or 1), (time - time.mean()) / (year or 1)
    design, effect, per = np.column_stack([np.ones_like(t), t]), 1, unit / (year or 1)
    if by_bme_share:
        share = np.array([one.bme_share_pct for one in used], dtype=float)
        # The mean over organisations, not over their years.
        centred = (share - np.mean([share[groups == place][0] for place in range(len(codes))])) / 10
        spread = float(centred.std())
        if not spread > 1e-12:
            return Model("no_spread", "All organisations have the same BME share.", len(codes))
        design = np.column_stack([design, centred / spread, t * centred / spread])
        effect, per = 3, per / spread
    if unit <= 1e-12 * max(1.0, float(np.abs(values).max())) or _left_over(y, t, groups) < 1e-12:
        return Model(
            "no_spread", "The figures lie on lines or are all the same: nothing is left to estimate from.", len(codes)
        )
    return _fitted(y, design, groups, effect, per, len(codes))


def _fitted(y: _Array, design: _Array, groups: _Places, effect: int, per: float, organisations: int) -> Model:
    """Random intercept and slope; without the slope where that fails; and what happened."""

    def model(status: Status, note: str, found: _Fit) -> Model:
        slope, se = float(found.effects[effect]) * per, float(found.errors[effect]) * per
        return Model(status, f"{note} Interval and p-value by z.", organisations, slope, se)

    found = _converged(y, design, groups, design[:, :2])
    if found is not None and found.covariance[1, 1] > _NOTHING:
        if float(np.linalg.eigvalsh(found.covariance).min()) > _NOTHING:
            return model("ok", "Random intercept and slope (REML).", found)
        return model("singular", "Random intercept and slope (REML), which move as one here: read with care.", found)
    dropped = (
        "The model with random slopes did not converge, so without them: the standard error may be too small."
        if found is None
        else "Slopes of organisations do not differ beyond chance, so without random slopes."
    )
    intercept = _converged(y, design, groups, design[:, :1])
    if intercept is None:
        return Model("not_converged", "Neither with random slopes nor without did the model converge.", organisations)
    return model("random_intercept", f"Random intercept (REML). {dropped}", intercept)


@dataclass(frozen=True)
class _Fit:
    """Fixed effects, their standard errors, and the covariance of the random ones in units of the residual's variance."""

    effects: _Array
    errors: _Array
    covariance: _Array


def _converged(y: _Array, design: _Array, groups: _Places, random: _Array) -> _Fit | None:
    """The fit at the maximum of the restricted likelihood, or None where none is found.

    The model is that of statsmodels, but the maximum is looked for here: its own search leaves the bounds of a covariance, and on
    panels like these stops short of the top. Standard errors are those of generalised least squares, as other programs give
    them; statsmodels' own mix in the uncertainty of the covariance.
    """
    # Seconds to import, for those that fit alone.
    from scipy.optimize import minimize
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

    size = random.shape[1]
    lower = np.tril_indices(size)
    bounds = [(0.0 if row == column else -1e3, 1e3) for row, column in zip(*lower, strict=True)]
    squares = _Squares.of(y, design, groups, random)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        # From small variances and from large ones: of few organisations the likelihood may have a top inside and one on the edge.
        tops = [
            found
            for spread in (0.3, 3.0)
            for found in [
                minimize(
                    lambda factor: squares.deviance(_lower(factor, size)),
                    (spread * np.eye(size))[lower],
                    jac="3-point",
                    method="L-BFGS-B",
                    bounds=bounds,
                    options={"ftol": 1e-13, "gtol": 1e-6, "maxiter": 500},
                )
            ]
            if np.isfinite(found.fun) and _is_top(found.x, found.jac, bounds)
        ]
        if not tops:
            return None
        found = min(tops, key=lambda one: float(one.fun))
        factor = _lower(found.x, size)
        fixed = np.linalg.lstsq(design, y, rcond=None)[0]
        # Just inside the space of covariances, where statsmodels takes a root of it.
        start = MixedLMParams.from_components(fe_params=fixed, cov_re=factor @ factor.T + 1e-10 * np.eye(size))
        try:
            result = MixedLM(y, design, groups=groups, exog_re=random).fit(
                reml=True, start_params=start, method=["bfgs"], maxiter=0
            )
        except (np.linalg.LinAlgError, ValueError):
            return None
        errors = np.sqrt(np.diag(np.linalg.inv(squares.within(factor))) * result.scale)
    return _Fit(np.asarray(result.fe_params), errors, factor @ factor.T) if np.isfinite(errors).all() else None


def _lower(values: _Array, size: int) -> _Array:
    """A lower triangular matrix of its entries by rows."""
    factor = np.zeros((size, size))
    factor[np.tril_indices(size)] = values
    return factor


def _is_top(place: _Array, gradient: _Array, bounds: Sequence[tuple[float, float]]) -> bool:
    """Whether the likelihood rises nowhere from here, but beyond the bounds."""
    flat = [
        abs(slope) < 1e-3 or (value <= low + 1e-8 and slope > 0)
        for value, slope, (low, _) in zip(place, gradient, bounds, strict=True)
    ]
    return all(flat)


@dataclass(frozen=True)
class _Squares:
    """Sums of squares and products of a panel: within groups (g) of random effects (q), overall of fixed ones (p)."""

    zz: _Array
    zx: _Array
    zy: _Array
    xx: _Array
    xy: _Array
    yy: float
    freedom: int

    @classmethod
    def of(cls, y: _Array, design: _Array, groups: _Places, random: _Array) -> _Squares:
        own = [groups == place for place in range(int(groups.max()) + 1)]
        return cls(
            zz=np.stack([random[one].T @ random[one] for one in own]),
            zx=np.stack([random[one].T @ design[one] for one in own]),
            zy=np.stack([random[one].T @ y[one] for one in own]),
            xx=design.T @ design,
            xy=design.T @ y,
            yy=float(y @ y),
            freedom=len(y) - design.shape[1],
        )

    def within(self, factor: _Array) -> _Array:
        """``X' inv(V) X`` for a Cholesky factor of the random effects' covariance, by Woodbury's identity."""
        left = factor.T @ self.zx
        return np.asarray(self.xx - np.einsum("gqp,gqr->pr", left, np.linalg.solve(self._inner(factor), left)))

    def _inner(self, factor: _Array) -> _Array:
        return np.asarray(np.eye(len(factor)) + factor.T @ self.zz @ factor)

    def deviance(self, factor: _Array) -> float:
        """Minus twice the restricted log-likelihood, up to a constant, fixed effects and residual variance at their best.

        Source: Laird and Ware, Biometrics 38 (1982) 963.
        """
        try:
            inner, within = self._inner(factor), self.within(factor)
            right = (self.zy @ factor)[..., None]
            solved = np.linalg.solve(inner, right)
            cross = self.xy - np.einsum("gqp,gq->p", factor.T @ self.zx, solved[..., 0])
            residual = self.yy - float((right * solved).sum()) - float(cross @ np.linalg.solve(within, cross))
            spread = np.linalg.slogdet(inner)[1].sum() + np.linalg.slogdet(within)[1]
        except np.linalg.LinAlgError:
            return math.inf
        return float(spread + self.freedom * math.log(residual)) if residual > 0 else math.inf


def _left_over(y: _Array, t: _Array, groups: _Places) -> float:
    """Variance about organisations' own lines."""
    squares, freedom = 0.0, 0
    for place in np.unique(groups):
        own = groups == place
        x = np.column_stack([np.ones(int(own.sum())), t[own]])
        squares += float(((y[own] - x @ np.linalg.lstsq(x, y[own], rcond=None)[0]) ** 2).sum())
        freedom += int(own.sum()) - 2
    return squares / freedom


def fit(settings: Settings) -> None:
    """Fill the candidate's ``model_*`` columns. The caller holds the writer's place (``warehouse.writer``).

    Raises:
        GrowthError: there is no candidate.
    """
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        if connection.execute("select from ops.candidate").fetchone() is None:
            raise GrowthError("There is no candidate to fit growth models of: run `wres build` first.")
        with outcome.step(connection, "growth") as recorded, connection.transaction():
            # Most series are public as they are, so that the twins share their models.
            known: dict[tuple[bool, frozenset[Observation]], Model] = {}
            statuses: dict[str, int] = defaultdict(int)
            for table, series in _TWINS.items():
                for place, kind, public, observations in _groups(connection, table, series):
                    found = (kind == "bme_share", frozenset(observations))
                    if found not in known:
                        known[found] = mixed_model(observations, by_bme_share=kind == "bme_share")
                    _write(connection, table, place, known[found], public)
                    statuses[known[found].status] += 1
            recorded.rows_out = sum(statuses.values())
            recorded.message = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))


def _groups(
    connection: psycopg.Connection, table: str, series: str
) -> Iterator[tuple[Any, str, bool, list[Observation]]]:
    """Each row of a table (by its place), its kind of grouping, whether its figures are public, and its observations."""
    key = sql.SQL(", ").join(map(sql.Identifier, _KEY))
    panels: dict[tuple[Any, ...], list[tuple[Observation, str | None, str | None, bool]]] = defaultdict(list)
    for *of, code, year, value, share, org_type, region, public in connection.execute(
        sql.SQL(
            "select {}, org_code, wres_year, value, bme_share_pct, org_type, region_name,"
            " disclosure_policy is not distinct from 'already_public' from {} order by org_code, wres_year"
        ).format(key, sql.Identifier("intermediate", series))
    ):
        panels[tuple(of)].append((Observation(code, year, value, share), org_type, region, public))
    rows = connection.execute(
        sql.SQL("select ctid, grouping_kind, group_name, {} from {}").format(key, sql.Identifier("marts", table))
    ).fetchall()
    for place, kind, name, *of in rows:
        members = [
            (one, public)
            for one, org_type, region, public in panels[tuple(of)]
            if kind in ("overall", "bme_share") or name == (org_type if kind == "org_type" else region)
        ]
        # The BME share of the workforce may come from controlled counts of records.
        public = kind != "bme_share" and all(public for _, public in members)
        yield place, kind, public, [one for one, _ in members]


def _write(connection: psycopg.Connection, table: str, place: Any, model: Model, public: bool) -> None:
    """As the table shows its other columns: published ones to 2 decimals, without a p-value of controlled counts."""
    published = table == "yearly_change"
    shown = sql.SQL("round(%s::numeric, 2)::double precision" if published else "%s::double precision")
    connection.execute(
        sql.SQL(
            "update {} set model_organisations = %s, model_slope = {}, model_se = {}, model_low = {}, model_high = {},"
            " model_p = %s, model_status = %s, model_note = %s where ctid = %s"
        ).format(sql.Identifier("marts", table), shown, shown, shown, shown),
        [
            model.organisations,
            *(model.slope, model.se, model.low, model.high),
            model.p_value if public or not published else None,
            model.status,
            model.note,
            place,
        ],
    )
