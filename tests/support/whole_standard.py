"""A sample of all feeds with what an ordinary draw lacks: mergers in a chain, odd organisations, other codes and dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from wres.sample import write_sample

FIRST_YEAR, LAST_YEAR = 2022, 2024
# A trust that closed in the middle of a year; a Welsh trust, one closed long ago, one that nobody knows, and a body
# that is neither trust nor board: each reports the heads of another under its own code.
EARLY_MERGER = "2023-09"
WELSH, CLOSED, UNKNOWN, OTHER_BODY = "ZW0", "ZM0", "ZU9", "ZT150"
LEGACY_DIGITS = {
    **dict.fromkeys("ABC", "0"),
    "M": "1",
    "N": "2",
    "P": "3",
    "H": "4",
    "J": "5",
    "K": "6",
    "R": "7",
    **dict.fromkeys("DEFGLS", "8"),
}
# Quarters without snapshots of staff and boards; recruitment, cases and courses have every quarter.
LACKING = ("2022-12", "2023-09", "2024-09")
# A case written down a quarter late, in the file of this month.
LATE_CASE, ITS_DAY = "2024-06", "2024-03-20"
# The period column of the feeds of which one file may hold several quarters.
PERIODS = {
    "workforce": "snapshot_date",
    "workforce_counts": "snapshot_date",
    "board": "as_at",
    "recruitment": "period_end",
}


def write_whole_standard(folder: Path) -> None:
    """Feeds of 12 trusts with about 150 people each, quarters from 30 June 2022 to 31 March 2025, into a landing folder.

    Some snapshots lack, as they do in life. The trust that is older in the merger of two closes half a year before the
    other, into which it goes.
    """
    write_sample(folder, trusts=12, first_year=FIRST_YEAR, last_year=LAST_YEAR, staff=150, seed=4)
    first, second = merging(folder)
    _chain(folder, first, second)
    for source, file in together(folder, LACKING).items():
        rows = _read(file)
        rows = rows[~((rows["org_code"] == first) & (rows[PERIODS[source]].str[:7] > EARLY_MERGER))]
        _write(CHANGES.get(source, _unchanged)(rows), file)
    for file in [*(folder / "employee_relations").glob("*.csv"), *(folder / "training").glob("*.csv")]:
        rows = _read(file)
        if re.search(r"\d{4}-\d\d", file.name)[0] > EARLY_MERGER:  # type: ignore[index]
            rows = rows[rows["org_code"] != first]
        _write(_courses(rows) if file.parent.name == "training" else _cases(rows, file), file)
    for file in (folder / "wres_return").glob("*.csv"):
        rows = _read(file)
        _write(rows[~((rows["org_code"] == first) & (rows["wres_year"] > "2023"))], file)


def together(folder: Path, lacking: Collection[str] = ()) -> dict[str, Path]:
    """One file of all quarters for each feed that allows it, which saves the gate's time; snapshots in ``lacking`` go."""
    made = {}
    for source, period in PERIODS.items():
        files = sorted((folder / source).glob("*.csv"))
        rows = pd.concat([_read(file) for file in files], ignore_index=True)
        for file in files:
            file.unlink()
        if source != "recruitment":
            rows = rows[~rows[period].str[:7].isin(lacking)]
        made[source] = folder / source / f"{source}_all_quarters.csv"
        _write(rows, made[source])
    return made


def merging(folder: Path) -> tuple[str, str]:
    """The two trusts that merge into a new code while the sample lasts."""
    steps = _read(folder / "organisations" / "succarc_synthetic.csv", header=None)
    steps = steps[steps[3].between(f"{FIRST_YEAR + 1}0401", f"{LAST_YEAR + 1}0331")]
    (pair,) = [sorted(set(rows[0])) for _, rows in steps.groupby(1) if rows[0].nunique() == 2]
    return pair[1], pair[0]


def _chain(folder: Path, first: str, second: str) -> None:
    """Let the first go into the second, half a year before the second goes into the new code."""
    for file in (folder / "organisations").glob("*.csv"):
        text = file.read_text(encoding="utf-8")
        if file.name.startswith("succ"):
            text = re.sub(rf'"{first}","\w+","R","\d+"', f'"{first}","{second}","R","20231001"', text)
        elif file.name.startswith("etr"):
            text = re.sub(rf'(?m)^("{first}".*?)"20240331"', r'\1"20230930"', text)
        file.write_text(text, encoding="utf-8")


def _workforce(rows: pd.DataFrame) -> pd.DataFrame:
    """Other spellings, codes and cases, each in one organisation; and organisations that no area counts."""
    trusts = [
        code
        for code in rows["org_code"].unique()
        if rows.loc[rows["org_code"] == code, "snapshot_date"].nunique() == 12 - len(LACKING)
    ]
    british, legacy, words, local = trusts[1:5]
    chosen = rows["org_code"] == british
    for column in ("snapshot_date", "joined_on", "band_start_date", "overseas_joined_on"):
        rows.loc[chosen, column] = rows.loc[chosen, column].map(in_british_order)
    chosen = rows["org_code"] == legacy
    rows.loc[chosen, "ethnic_category"] = rows.loc[chosen, "ethnic_category"].map(
        lambda code: LEGACY_DIGITS.get(code[:1], "9")
    )
    rows.loc[chosen, "code_system"] = "1995"
    chosen = rows["org_code"] == words
    rows.loc[chosen, "is_bank_only"] = rows.loc[chosen, "is_bank_only"].replace({"Y": "True", "N": ""})
    band_2 = rows["pay_band"].isin(["2", "Band 2", "Review Body Band 2"])
    number = rows["person_id"].str[-3:].astype(int)
    rows.loc[(rows["org_code"] == local) & band_2 & (number % 5 == 0), "pay_band"] = "Non AfC Grade"
    consultants = rows["medical_grade"].str.startswith("Consultant")
    rows.loc[consultants & (number % 3 == 0), "is_medical_manager"] = "Yes"
    # Blank staff groups go by the occupation code.
    rows.loc[(rows["org_code"] == words) & (number % 7 == 0), "staff_group"] = ""
    model = rows[(rows["org_code"] == trusts[-1]) & rows["snapshot_date"].isin(["2024-03-31", "2025-03-31"])]
    return pd.concat([rows, *(_under(model, code, "person_id") for code in (WELSH, CLOSED, UNKNOWN, OTHER_BODY))])


def _board(rows: pd.DataFrame) -> pd.DataFrame:
    model = rows[(rows["org_code"] == rows["org_code"].iloc[-1]) & (rows["as_at"] == "2025-03-31")]
    return pd.concat([rows, *(_under(model, code, "member_id") for code in (WELSH, CLOSED, UNKNOWN, OTHER_BODY))])


def _recruitment(rows: pd.DataFrame) -> pd.DataFrame:
    """British dates in one organisation, and in another a quarter without vacancies, said by `nil_return`."""
    british, quiet = sorted(rows["org_code"].unique())[2:4]
    chosen = rows["org_code"] == british
    for column in ("period_start", "period_end"):
        rows.loc[chosen, column] = rows.loc[chosen, column].map(in_british_order)
    chosen = (rows["org_code"] == quiet) & (rows["period_end"] == "2024-06-30")
    nothing = (
        rows[chosen]
        .head(1)
        .assign(vacancy_id="nil_return", ethnic_category="", applied="", shortlisted="", appointed="")
    )
    return pd.concat([rows[~chosen], nothing.assign(staff_block="", pay_band="", is_international="")])


def _courses(rows: pd.DataFrame) -> pd.DataFrame:
    """One small organisation without training in a quarter says so."""
    small = rows["org_code"].value_counts().index[-1]
    nothing = (
        rows[rows["org_code"] == small].head(1).assign(person_id="nil_return", ethnic_category="", is_mandatory="")
    )
    return pd.concat([rows[rows["org_code"] != small], nothing])


def _cases(rows: pd.DataFrame, file: Path) -> pd.DataFrame:
    """The first case of one quarter belongs to the quarter before."""
    if LATE_CASE in file.name:
        late = rows.index[rows["case_id"] != "nil_return"][0]
        rows.loc[late, ["process", "entered_on"]] = ["disciplinary", ITS_DAY]
    return rows


def _unchanged(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "workforce": _workforce,
    "board": _board,
    "recruitment": _recruitment,
}


def in_british_order(text: str) -> str:
    """31/03/2025 for 2025-03-31."""
    return "/".join(reversed(text.split("-"))) if text else ""


def _under(rows: pd.DataFrame, code: str, identifier: str) -> pd.DataFrame:
    return rows.assign(org_code=code, **{identifier: rows[identifier] + f"-{code}"})


def _read(file: Path, header: int | None = 0) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False, header=header)


def _write(rows: pd.DataFrame, file: Path) -> None:
    rows.to_csv(file, index=False)
