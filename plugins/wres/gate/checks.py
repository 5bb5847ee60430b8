"""The SQL by which the checks of a suite find the rows in which something is wrong: contents first, then who has them.

A million rows have few different dates, codes and bands. One pass over the rows finds which contents there are, each is read
once, and only where one is wrong are its rows looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from psycopg import sql

from wres.rules import WHOLE, Check

WRONG = "wrong"
# As the selects of a suite name them.
_ROWS, _WRONG = sql.SQL("{" + WHOLE + "}"), sql.SQL("{" + WRONG + "}")


def wrong_contents(checks: Sequence[Check]) -> str:
    """Select of the batch ``wrong``: contents in which a check finds something: its number, the cells, its problems."""
    cells = list(dict.fromkeys(cell for check in checks for cell in check.of))
    groups = dict.fromkeys(check.of for check in checks if check.of)
    found = [
        sql.SQL(
            "select {number} as check_number, array[{cells}] as cells, array[{problems}] as problems"
            " from (select *, {computed} from ({reading}) as reading) as checked where num_nonnulls({problems}) > 0"
        ).format(
            number=sql.Literal(number),
            cells=_as_text(check.of),
            problems=_names(check.problems),
            computed=_computed(check.problems),
            reading=sql.SQL(check.reading.replace("{cells}", _contents(check, cells))),
        )
        for number, check in enumerate(checks)
        if check.of
    ]
    select = sql.SQL(
        "with contents as materialized ("
        "select {cells}, grouping({cells}) as others from {rows} group by grouping sets ({groups})) {found}"
    )
    return select.format(
        cells=_names(cells),
        rows=_ROWS,
        groups=sql.SQL(", ").join(sql.SQL("({})").format(_names(of)) for of in groups),
        found=sql.SQL(" union all ").join(found),
    ).as_string()


def faulty_rows(checks: Sequence[Check], batch_name: str, failed: Collection[int]) -> str:
    """Select of the rows in which a check of a batch finds something, each problem in a column.

    Args:
        checks: of a suite, all of them.
        batch_name: of the batch.
        failed: numbers of those that found something in the contents of cells.
    """
    columns: list[sql.Composable] = [sql.SQL("r.*")]
    joins: list[sql.Composable] = []
    found: list[sql.Composable] = []
    of_rows: dict[str, str] = {}
    for number, check in enumerate(checks):
        if check.batch != batch_name:
            continue
        of = sql.Identifier(f"wrong_{number}")
        if not check.of:
            of_rows |= check.problems
            found.append(_names(check.problems))
        elif number in failed:
            # Arrays are equal where the same cells are null, and can be hashed.
            join = sql.SQL("left join {wrong} as {of} on {of}.check_number = {number} and {of}.cells = array[{cells}]")
            joins.append(join.format(wrong=_WRONG, of=of, number=sql.Literal(number), cells=_as_text(check.of)))
            found.append(sql.SQL("{}.check_number").format(of))
            for place, name in enumerate(check.problems, start=1):
                columns.append(sql.SQL("{}.problems[{}] as {}").format(of, sql.Literal(place), sql.Identifier(name)))
        else:
            columns += [sql.SQL("null::text as {}").format(sql.Identifier(name)) for name in check.problems]
    select = sql.SQL("select {columns} from (select *{computed} from {rows}) as r {joins} where {condition}")
    return select.format(
        columns=sql.SQL(", ").join(columns),
        computed=sql.SQL(", {}").format(_computed(of_rows)) if of_rows else sql.SQL(""),
        rows=_ROWS,
        joins=sql.SQL(" ").join(joins),
        condition=sql.SQL("num_nonnulls({}) > 0").format(sql.SQL(", ").join(found)) if found else sql.SQL("false"),
    ).as_string()


def _contents(check: Check, cells: Sequence[str]) -> str:
    """The contents of a check's cells among all contents, as a relation."""
    # ``grouping`` has a bit for each cell, the last one's the lowest, set where a row is not grouped by it.
    others = sum(1 << place for place, cell in enumerate(reversed(cells)) if cell not in check.of)
    relation = sql.SQL("(select {} from contents where others = {})")
    return relation.format(_names(check.of), sql.Literal(others)).as_string()


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _as_text(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)


def _computed(columns: Mapping[str, str]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(sql.SQL(expression), sql.Identifier(name)) for name, expression in columns.items()
    )
