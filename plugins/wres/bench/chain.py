"""Part ``chain``: ``wres run`` from an empty home, step by step, and the board packs of everybody."""

from __future__ import annotations

from pathlib import Path

from wres import board_pack, warehouse
from wres.bench import alternatives, command
from wres.bench.report import Figure, Say, Size, figures, table
from wres.sample import write_sample
from wres.settings import Settings

# Disclosure control of all trusts takes longer than anybody waits for a benchmark.
_TRUSTS, _STAFF = 40, 700
# A pack: all 215 trusts have theirs within three minutes.
_LONGEST = 180 / 215


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Run the chain over four quarters, run it again with nothing new, and write the packs."""
    sample = folder / "sample"
    write_sample(sample, trusts=_TRUSTS, first_year=size.last_year, last_year=size.last_year, staff=_STAFF)
    say("chain: from an empty home")
    total = command.wres(settings, "run", str(sample))
    say("chain: again, with nothing new")
    again = command.wres(settings, "run", str(sample))
    say("chain: the board packs of everybody")
    packs, largest, number = _packs(settings, folder / "packs")
    steps = _steps(settings)
    rest = total - sum(seconds for _, seconds, _ in steps)
    return "\n\n".join(
        [
            f"{_TRUSTS} trusts of {_STAFF} staff, four quarters.",
            figures(
                [
                    Figure("`wres run` from an empty home, everything included", total),
                    Figure("the same command again (nothing new)", again),
                    Figure(
                        f"a board pack, of {number} (the largest has {largest:.2f} MB)", packs / number, most=_LONGEST
                    ),
                ]
            ),
            table(
                ("Step", "Seconds", "Share", "Rows"),
                [
                    *(
                        (step, seconds, f"{seconds / total:.0%}", f"{rows:,}" if rows else "")
                        for step, seconds, rows in steps
                    ),
                    ("start of the server, imports, the rest", rest, f"{rest / total:.0%}", ""),
                ],
            ),
        ]
    )


def _steps(of: Settings) -> list[tuple[str, float, int | None]]:
    """Name, seconds and rows of each step that the chain recorded."""
    with warehouse.connect(of, "wres_gate", autocommit=True) as connection:
        return connection.execute(
            "select case when step = 'gate' and source is null then 'gate of the candidate'"
            " when step = 'gate' then 'gate of the files' else step end as what,"
            " sum(seconds), sum(coalesce(rows_out, rows_in))::bigint from ops.outcome group by what order by min(outcome_id)"
        ).fetchall()


def _packs(settings: Settings, folder: Path) -> tuple[float, float, int]:
    """Seconds of the board packs of the newest year, pages without PDFs; megabytes of the largest; and how many."""
    with warehouse.connect(settings, "bi_reader", autocommit=True) as connection:
        newest = connection.execute(
            "select max(wres_year) from published.indicator_result where level = 'organisation' and status = 'ok'"
        ).fetchone()
    assert newest is not None
    seconds = alternatives.seconds(lambda: board_pack.write_packs(settings, newest[0], folder))
    pages = list(folder.rglob("*.html"))
    return seconds, max(page.stat().st_size for page in pages) / 1e6, len(pages)
