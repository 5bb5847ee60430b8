"""A program of its own, in an environment of its own (``.venv-bench``): dlt takes one CSV file to Postgres.

    python with_dlt.py FILE FOLDER

The address of the database is in ``BENCH_DSN``; the last line printed is the seconds that it took, imports left out.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main(path: Path, folder: Path) -> None:
    """Run the pipeline that dlt's own pages recommend for CSV: its file source, read by pandas in pieces."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt
    from dlt.sources.filesystem import filesystem, read_csv

    rows = filesystem(bucket_url=path.parent.as_uri(), file_glob=path.name) | read_csv(dtype=str, keep_default_na=False)
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(os.environ["BENCH_DSN"]),
        dataset_name="bench_dlt",
    )
    begun = time.monotonic()
    pipeline.run(rows.with_name("staff"), write_disposition="replace")
    print(time.monotonic() - begun)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
