"""The gate: Great Expectations decides whether a loaded batch is accepted and whether a candidate is published.

There is no second verdict. ``judge`` puts the rules of ``expectations/`` to Great Expectations; ``loads`` and ``candidate``
act on the results: file, rows, measure or release.
"""

from wres.gate.candidate import CandidateVerdict, accept, judge_candidate
from wres.gate.judge import Finding, GateError, UnknownRuleError
from wres.gate.loads import Verdict, judge_loads, summary, waiting_loads

__all__ = [
    "CandidateVerdict",
    "Finding",
    "GateError",
    "UnknownRuleError",
    "Verdict",
    "accept",
    "judge_candidate",
    "judge_loads",
    "summary",
    "waiting_loads",
]
