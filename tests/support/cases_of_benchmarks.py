"""Candidates whose comparisons break a rule of the marts gate."""

from __future__ import annotations

from gate_case import Case

BENCHMARK = "restricted_benchmark"


def peer(change: str, condition: str = "true", table: str = BENCHMARK) -> tuple[str, ...]:
    """A change of one comparison."""
    place = f"select ctid from {table} where {condition} order by org_code, wres_year, slice, peer_set_kind limit 1"
    return (f"update {table} set {change} where ctid in ({place})",)


COMPARED = "peer_percentile is not null and z_score is not null"
CASES = (
    Case("B01", BENCHMARK, "percentile", peer("peer_percentile = 100", COMPARED)),
    Case("B02", BENCHMARK, "out of order", peer("funnel_low_95 = funnel_high_95 + 0.1", COMPARED)),
    Case("B02", BENCHMARK, "out of order", peer("peer_q1 = peer_median + 0.1", COMPARED)),
    Case("B03", BENCHMARK, "contradict", peer("peers_count = members_count + 1", COMPARED)),
    Case("B03", BENCHMARK, "contradict", peer("peer_median = 1", "peers_count < 5")),
    Case("B04", BENCHMARK, "does not follow", peer("differs_from_peers = true", "peer_p_adjusted > 0.05")),
    Case("B04", BENCHMARK, "does not follow", peer("differs_from_parity = true", "parity_p_adjusted is null")),
    Case(
        "B05",
        BENCHMARK,
        "others than in",
        peer("peer_median = peer_median + 0.001", f"{COMPARED} and peer_set_kind = 'org_type'"),
    ),
    Case(
        "V33",
        BENCHMARK,
        "custom peer set",
        (
            f"delete from organisation where org_code in (select org_code from {BENCHMARK} where peer_set_kind = 'custom')",
        ),
    ),
    Case("V40", "benchmark", "more digits", peer("peer_mean = peer_mean + 0.001", COMPARED, "benchmark")),
    Case("V40", "benchmark", "hidden has a place", peer("status = 'suppressed'", COMPARED, "benchmark")),
    Case("G06", "benchmark", "another figure", peer("ratio = ratio + 0.01", COMPARED, "benchmark")),
    Case("G06", "benchmark", "another figure", peer("status = 'unreliable'", COMPARED, "benchmark")),
)
