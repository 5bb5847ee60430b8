"""Data Docs of a judgement: Great Expectations' pages, one a batch, and a front page that needs neither scripts nor a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from wres.gate.judge import Judge
from wres.settings import Settings

_STYLE = (
    "body{font:16px/1.5 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem 1rem .2rem 0;text-align:left}td+td{text-align:right}"
)


def write(settings: Settings, judge: Judge, fingerprint: str, failures: Sequence[str], notes: Sequence[str]) -> Path:
    """Write a fresh site of the run's results, rules, verdicts and places, no values; returns its front page.

    Args:
        settings: whose folder of Data Docs.
        judge: after all batches were put to it.
        fingerprint: of the candidate.
        failures: sentences of what blocks the candidate.
        notes: sentences of what is published with it.
    """
    folder = settings.data_docs / fingerprint[:12]
    judge.context.add_data_docs_site(
        site_name="gate",
        site_config={
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        },
    )
    judge.context.build_data_docs(site_names=["gate"])
    # The front page that comes with them is empty without scripts from other hosts.
    front = folder / "index.html"
    front.write_text(_front(folder, judge, failures, notes), encoding="utf-8")
    return front


def _front(folder: Path, judge: Judge, failures: Sequence[str], notes: Sequence[str]) -> str:
    failed = {result.suite_name: result.statistics["unsuccessful_expectations"] for result in judge.results}
    # Sorted by time within a batch: the newest result of each stays.
    pages = {page.relative_to(folder).parts[1]: page for page in sorted(folder.glob("validations/**/*.html"))}
    rows = "".join(
        f'<tr><td><a href="{quote(page.relative_to(folder).as_posix())}">{escape(batch.partition(" (")[0])}</a></td>'
        f"<td>{failed.get(batch, 0) or ''}</td></tr>"
        for batch, page in sorted(pages.items(), key=lambda item: (-failed.get(item[0], 0), item[0]))
    )
    verdict = "Blocked: the release before it is served" if failures else "Passed"
    return (
        f'<!DOCTYPE html><html lang="en-GB"><meta charset="utf-8"><title>Data Docs</title><style>{_STYLE}</style>'
        f"<h1>{verdict}</h1>{_list('What blocks', failures)}{_list('Noted', notes)}"
        f"<h2>Results by batch</h2><table><tr><th>Batch</th><th>Rules that do not hold</th></tr>{rows}</table></html>"
    )


def _list(title: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>{title}</h2><ul>{items}</ul>" if items else ""
