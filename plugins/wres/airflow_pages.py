"""Pages beside Airflow's own: reports on rejected files and Data Docs, for whoever may read the logs of the DAG they are from.

Reports may quote values of people's records: each page wants a login, runs no script, and is kept by no browser. Only Airflow's
API server imports this module.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Annotated, Literal

from airflow.api_fastapi.core_api.security import DagAccessEntity, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse

from wres.settings import settings

PREFIX = "/wres"
# What a page may do where values of other people's files stand in it: show itself, in its own styles.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = "body{font:16px/1.5 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}pre{white-space:pre-wrap}"

# The DAG is part of every path: that is where Airflow's own check of rights looks for it.
IngestDag = Annotated[str, InPath(pattern="^ingest_[a-z_]+$")]
Digest = Annotated[str, Query(pattern="^[0-9a-f]{12}$")]

app = FastAPI(
    title="WRES warehouse",
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.TASK_LOGS))],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


@app.get("/{dag_id}/rejected")
def reports(dag_id: IngestDag, file: Annotated[list[Digest], Query()]) -> HTMLResponse:
    """The reports on rejected files of a run, one under the other."""
    parts = "".join(
        f"<pre>{escape(_report(dag_id, digest, 'report.txt').read_text(encoding='utf-8'))}</pre>"
        f'<p><a href="rejected/workbook?file={digest}">The same as a workbook, to send back</a></p><hr>'
        for digest in file
    )
    title = "Rejected files"
    page = (
        f'<!DOCTYPE html><html lang="en-GB"><title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>{parts}</html>'
    )
    return HTMLResponse(page, headers=_HEADERS)


@app.get("/{dag_id}/rejected/workbook")
def workbook(dag_id: IngestDag, file: Digest) -> FileResponse:
    """The report on one file as a workbook for its sender."""
    return FileResponse(_report(dag_id, file, "report.xlsx"), filename=f"report {file}.xlsx", headers=_HEADERS)


@app.get("/{dag_id}/data_docs/{path:path}")
def data_docs(dag_id: Literal["transform"], path: str) -> FileResponse:
    """A file of the Data Docs of a candidate or release."""
    return FileResponse(_within(settings().data_docs, path), headers=_HEADERS)


def _report(dag_id: str, digest: str, name: str) -> Path:
    return _within(settings().rejected, f"{dag_id.removeprefix('ingest_')}/{digest}/{name}")


def _within(folder: Path, path: str) -> Path:
    """A file of a folder, wherever dots and links of a path would lead."""
    try:
        file = (folder / path).resolve()
        if file.is_relative_to(folder.resolve()) and file.is_file():
            return file
    except (OSError, ValueError):  # no name of a file: too long, or with a zero byte
        pass
    raise HTTPException(404, "There is no such page: a report goes when its file is accepted or forgotten.")
