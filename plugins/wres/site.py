"""The documentation as a site: what mkdocs cannot know of a page that is read in the repository too, and what is added to it.

mkdocs calls the functions ``on_…`` (hooks of ``mkdocs.yml``); ``build`` is what ``make docs`` runs.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from wres import publish
from wres.settings import Settings

# Pages of the repository's front, by the name that they have in the site.
_FRONT = {"overview.md": "README.md", "changes.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^ *```.*?^ *```)", re.DOTALL | re.MULTILINE)
_NO_RELEASE = "The warehouse of this machine has published nothing yet, so that there are no Data Docs to show."


class SiteError(RuntimeError):
    """The site cannot be built; the message says why."""


def build(settings: Settings, folder: Path, say: Callable[[str], None] = lambda text: None) -> Path:
    """Build the site into ``folder``, with dbt's own documentation, and the newest Data Docs where something is published.

    Returns:
        The page to open first.

    Raises:
        SiteError: mkdocs or dbt finds a page, a link or a model wrong, or mkdocs is not installed.
    """
    try:
        from mkdocs.commands.build import build as build_site
        from mkdocs.config import load_config
        from mkdocs.exceptions import Abort
    except ModuleNotFoundError as error:
        raise SiteError("mkdocs is not installed: `make docs` sets it up and builds the site.") from error
    say("building the pages (mkdocs)")
    config = load_config(str(settings.project / "mkdocs.yml"), site_dir=str(folder.resolve()), strict=True)
    try:
        build_site(config)
    except Abort as error:
        raise SiteError(f"The site is not built: {error}") from error
    say("describing the models (dbt)")
    _models(settings, folder / "models")
    _data_docs(settings, folder / "data_docs")
    return folder / "index.html"


def _models(settings: Settings, folder: Path) -> None:
    """dbt's documentation with its graph of lineage, as one page. No server is asked, so that none has to be there."""
    from wres.build import dbt

    nobody = {f"WRES_DBT_{name}": "none" for name in ("HOST", "USER", "PASSWORD")} | {"WRES_DBT_PORT": "0"}
    with tempfile.TemporaryDirectory(prefix="wres-dbt-") as home:
        of = replace(settings, home=Path(home))
        for command in (["parse"], ["docs", "generate", "--static", "--empty-catalog", "--no-compile"]):
            result = dbt(of, *command, environment=nobody)
            if not result.success:
                raise SiteError(f"dbt could not describe its models: {result.exception}")
        folder.mkdir(exist_ok=True)
        shutil.copy(of.home / "dbt" / "static_index.html", folder / "index.html")


def _data_docs(settings: Settings, folder: Path) -> None:
    """What the gate said of the current release; a sentence where the warehouse was never started, or has published nothing."""
    there = None
    if settings.warehouse_url or settings.pgdata.exists():
        with suppress(publish.PublishError):
            there = publish.queryable(settings).data_docs
    if there and (settings.home / there).is_dir():
        shutil.copytree(settings.home / there, folder, dirs_exist_ok=True)
        return
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(
        f'<!DOCTYPE html><html lang="en-GB"><title>Data Docs</title><p>{_NO_RELEASE}</p></html>', encoding="utf-8"
    )


# Hooks of mkdocs -----------------------------------------------------------------------------------------------------


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the repository's front."""
    from mkdocs.structure.files import File

    root = Path(config.config_file_path).parent
    for name, source in _FRONT.items():
        files.append(File.generated(config, name, content=(root / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn links of the repository into links of the site; what is no page of it is named in place of being linked."""
    root = Path(config.config_file_path).parent
    source = root / _FRONT.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    names = {root / path: name for name, path in _FRONT.items()}

    def link(found: re.Match[str]) -> str:
        text, target = found[1], found[2]
        path, mark, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return found[0]
        aim = (source.parent / path).resolve()
        if aim.is_dir() and (aim / "README.md").exists():
            aim = aim / "README.md"
        name = names.get(aim) or (
            aim.relative_to(root / "docs").as_posix() if aim.is_relative_to(root / "docs") else None
        )
        if name is None or files.get_file_from_path(name) is None:
            shown = aim.relative_to(root).as_posix() if aim.is_relative_to(root) else path
            return text if shown in text or text.startswith("`") else f"{text} (`{shown}`)"
        return f"[{text}]({_relative(name, page.file.src_uri)}{mark}{anchor})"

    parts = _FENCE.split(markdown)
    return "".join(part if number % 2 else _LINK.sub(link, part) for number, part in enumerate(parts))


def _relative(name: str, page: str) -> str:
    """A page of the site, as another one links to it."""
    return "../" * page.count("/") + name
