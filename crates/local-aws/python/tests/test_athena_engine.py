"""The engine of the embedded Athena: what it takes and what it answers, what it refuses and in which words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

ENGINE = Path(__file__).parents[2] / "src" / "athena" / "engine"
sys.path.insert(0, str(ENGINE))

import catalog  # noqa: E402
import execute  # noqa: E402
import output  # noqa: E402
from errors import QueryError  # noqa: E402

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
COLUMNS = [
    ("status_code", "int"),
    ("avg_response_time", "double"),
    ("requests", "bigint"),
    ("path", "string"),
    ("ts", "timestamp"),
    ("info", "string"),
    ("added", "string"),
]
FIRST_DAY = """COPY (
    SELECT 200 status_code, 12.5::DOUBLE avg_response_time, 3::BIGINT requests, '/a' path,
           TIMESTAMP '2024-10-20 01:02:03' ts, '{"a": 1}' info
    UNION ALL SELECT 404, 3.5, 7, '/b/c', TIMESTAMP '2024-10-20 03:00:00', NULL
) TO 'PATH'"""
# A day of an older job: it wrote fewer columns.
SECOND_DAY = "COPY (SELECT 200 status_code, 10::DOUBLE avg_response_time, 3::BIGINT requests) TO 'PATH'"


def storage(location: str, columns: list[tuple[str, str]], library: str = PARQUET, **serde: str) -> dict[str, Any]:
    return {
        "Location": location,
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": serde},
    }


def partition(day: str) -> dict[str, Any]:
    return {"Values": [day], "StorageDescriptor": storage(f"s3://lake/logs/{day}/", COLUMNS)}


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("lake")
    for day, statement in (("2024-10-20", FIRST_DAY), ("2024-10-21", SECOND_DAY)):
        folder = lake / "logs" / day
        folder.mkdir(parents=True)
        duckdb.execute(statement.replace("PATH", str(folder / "part-0.parquet")))
        (folder / "_SUCCESS").write_text("not read")
    (lake / "csv").mkdir()
    (lake / "csv" / "a.csv").write_text('code,label\n200,"fine, really"\nx,odd\n')
    (lake / "backslashes").mkdir()
    (lake / "backslashes" / "a.csv").write_text('1,"C:\\logs, or\\",end\n2,"say ""hi""",\n3,a\\b,x\n')
    return lake


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    key = [{"Name": "date", "Type": "string"}]
    days = [partition("2024-10-20"), partition("2024-10-21"), partition("2024-10-22")]
    tables = {
        "logs": {"StorageDescriptor": storage("s3://lake/logs/", COLUMNS), "PartitionKeys": key, "Partitions": days},
        "nothing": {"StorageDescriptor": storage("s3://lake/none/", COLUMNS), "PartitionKeys": key, "Partitions": []},
        "labels": {
            "StorageDescriptor": storage(
                "s3://lake/csv/",
                [("code", "int"), ("label", "string")],
                "org.apache.hadoop.hive.serde2.OpenCSVSerde",
                separatorChar=",",
            ),
            "Parameters": {"skip.header.line.count": "1"},
        },
        **{
            name: {
                "StorageDescriptor": storage(
                    "s3://lake/backslashes/",
                    [("n", "int"), ("label", "string"), ("more", "string")],
                    "org.apache.hadoop.hive.serde2.OpenCSVSerde",
                    escapeChar=escape,
                )
            }
            for name, escape in (("unescaped", "\x01"), ("escaped", '"'))
        },
        "narrow": {"StorageDescriptor": storage("s3://lake/logs/", [("path", "int")])},
        "projected": {
            "StorageDescriptor": storage("s3://lake/logs/", COLUMNS),
            "PartitionKeys": key,
            "Parameters": {"projection.enabled": "true"},
        },
    }
    return {"databases": {"db": {"tables": tables}}}


class Athena:
    def __init__(self, document: dict[str, Any], lake: Path) -> None:
        self.catalog = catalog.read(document, {"lake": str(lake)})

    def ask(self, statement: str, *parameters: str) -> execute.Result:
        return execute.run(statement, list(parameters), self.catalog, "db")

    def refusal(self, statement: str, *parameters: str) -> str:
        with pytest.raises(QueryError) as caught:
            self.ask(statement, *parameters)
        return caught.value.message


@pytest.fixture(scope="session")
def athena(document: dict[str, Any], lake: Path) -> Athena:
    return Athena(document, lake)


DAY = "date = '2024-10-20'"
ANSWERS: list[tuple[str, list[list[str | None]]]] = [
    (
        f"SELECT status_code, AVG(avg_response_time) AS avg_response_time FROM logs WHERE {DAY} GROUP BY status_code "
        "ORDER BY 1;",
        [["200", "12.5"], ["404", "3.5"]],
    ),
    ("SELECT count(*), sum(requests), count(DISTINCT date) FROM logs", [["3", "13", "2"]]),
    ("SELECT 3/2, -7/2, 7 % 3, cast(3 AS double)/2, 1e0/4", [["1", "-3", "1", "1.5", "0.25"]]),
    ("SELECT 100.0 * count_if(status_code >= 400) / count(*) FROM logs", [["33.3"]]),
    (
        "SELECT approx_percentile(requests, 0.95), approx_percentile(requests, ARRAY[0.5, 0.9]) FROM logs",
        [["7", "[3, 7]"]],
    ),
    (
        f"SELECT date_trunc('hour', ts) FROM logs WHERE {DAY} ORDER BY 1",
        [["2024-10-20 01:00:00.000"], ["2024-10-20 03:00:00.000"]],
    ),
    (
        "SELECT date_parse('20/Oct/2024:13:55:36', '%d/%b/%Y:%H:%i:%s'), "
        "from_iso8601_timestamp('2024-10-20T00:00:00Z')",
        [["2024-10-20 13:55:36.000", "2024-10-20 00:00:00.000 UTC"]],
    ),
    (
        "SELECT date_format(timestamp '2024-10-20 13:55:36', '%Y-%m-%d %H:%i'), year(date '2024-10-20')",
        [["2024-10-20 13:55", "2024"]],
    ),
    (
        "SELECT date_diff('day', date '2024-01-01', date '2024-03-01'), date_add('day', 1, date '2024-01-01'), "
        "date '2024-01-08' - interval '7' day",
        [["60", "2024-01-02", "2024-01-01"]],
    ),
    (
        "SELECT regexp_like('abc', 'b+'), regexp_extract('abc', 'b(.)', 1), regexp_extract('abc', 'x'), "
        "regexp_replace('abc', 'b', '-')",
        [["true", "c", None, "a-c"]],
    ),
    ("SELECT split('/a/b', '/'), split_part('a/b', '/', 2), split_part('a/b', '/', 3)", [["[, a, b]", "b", None]]),
    ("SELECT json_extract_scalar(info, '$.a') FROM logs WHERE status_code = 200 ORDER BY date", [["1"], [None]]),
    ("SELECT x FROM UNNEST(sequence(1, 3)) AS t(x)", [["1"], ["2"], ["3"]]),
    (
        f"SELECT part, i FROM logs CROSS JOIN UNNEST(split(path, '/')) WITH ORDINALITY AS u(part, i) "
        f"WHERE {DAY} AND status_code = 200 ORDER BY i",
        [["", "1"], ["a", "2"]],
    ),
    (
        "SELECT max_by(path, requests), arbitrary(1), approx_distinct(path), "
        "sum(requests) FILTER (WHERE requests > 3), "
        "bool_or(requests > 6) FROM logs",
        [["/b/c", "1", "2", "7", "true"]],
    ),
    (
        "SELECT try_cast('x' AS integer), coalesce(NULL, 'none'), nullif(1, 1), if(1 > 2, 'x', 'y'), try(1/0)",
        [[None, "none", None, "y", None]],
    ),
    (
        "SELECT map(ARRAY['a', 'b'], ARRAY[1, 2]), element_at(map(ARRAY['a'], ARRAY[1]), 'a'), "
        "cardinality(ARRAY[1, 2]), "
        "ARRAY[1, 2, 3][2]",
        [["{a=1, b=2}", "1", "2", "2"]],
    ),
    (
        "SELECT transform(ARRAY[1, 2], x -> x + 1), filter(ARRAY[1, 2], x -> x > 1), "
        "reduce(ARRAY[1, 2], 0, (s, x) -> s + x, s -> s), contains(ARRAY[1], 1), array_join(ARRAY['a', 'b'], ',')",
        [["[2, 3]", "[2]", "3", "true", "a,b"]],
    ),
    (
        "WITH a AS (SELECT status_code k, sum(requests) n FROM logs GROUP BY 1) "
        "SELECT k, n, rank() OVER (ORDER BY n DESC) FROM a ORDER BY n OFFSET 1 LIMIT 1",
        [["404", "7", "1"]],
    ),
    (
        "SELECT requests, lag(requests) OVER (PARTITION BY date ORDER BY requests) FROM logs "
        "ORDER BY requests DESC LIMIT 1",
        [["7", "3"]],
    ),
    (
        "SELECT * FROM (SELECT path, row_number() OVER (PARTITION BY date ORDER BY requests DESC) rn FROM logs "
        f"WHERE {DAY}) WHERE rn = 1",
        [["/b/c", "1"]],
    ),
    (
        "SELECT date, count(*) FROM logs GROUP BY ROLLUP (date) ORDER BY 1",
        [["2024-10-20", "2"], ["2024-10-21", "1"], [None, "3"]],
    ),
    (
        "SELECT date, sum(requests) AS n FROM logs GROUP BY date HAVING sum(requests) > 5 ORDER BY n DESC",
        [["2024-10-20", "10"]],
    ),
    (
        "SELECT CASE WHEN status_code >= 400 THEN 'bad' ELSE 'good' END AS kind, count(*) FROM logs "
        "GROUP BY CASE WHEN status_code >= 400 THEN 'bad' ELSE 'good' END ORDER BY 2",
        [["bad", "1"], ["good", "2"]],
    ),
    (
        "SELECT a.path, b.requests FROM logs a JOIN logs b ON a.status_code = b.status_code "
        "WHERE a.date = '2024-10-20' AND b.date = '2024-10-21'",
        [["/a", "3"]],
    ),
    ("SELECT status_code FROM logs UNION SELECT 1 ORDER BY status_code", [["1"], ["200"], ["404"]]),
    (
        "SELECT 'it''s' || '?' || cast(7 AS varchar), lower('A'), substr('abc', 2), length('abc'), lpad('7', 3, '0')",
        [["it's?7", "a", "bc", "3", "007"]],
    ),
    ("SELECT power(1.02, 3 - 0.5) > 1.05, round(10.55, 1), greatest(1, 2), abs(-1)", [["true", "10.6", "2", "1"]]),
    ("SELECT 1 WHERE EXISTS (SELECT 1 FROM logs WHERE status_code = 404)", [["1"]]),
    (
        "WITH t(b, n) AS (VALUES (1, 5), (2, 6)) SELECT b, sum(n) OVER (ORDER BY b) FROM t ORDER BY b",
        [["1", "5"], ["2", "11"]],
    ),
    ("WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT max(n) FROM t", [["3"]]),
    ("SELECT histogram(status_code) FROM logs", [["{200=2, 404=1}"]]),
    (
        "SELECT url_extract_host('https://a.b/c?d=1'), to_iso8601(date '2024-10-20'), "
        "to_hex(md5(cast('a' AS varbinary)))",
        [["a.b", "2024-10-20", "0CC175B9C0F1B6A831C399E269772661"]],
    ),
    ('SELECT l."status_code" FROM "AwsDataCatalog"."db"."LOGS" l WHERE l."date" > \'2024-10-20\'', [["200"]]),
    ("SELECT count(*) FROM logs WHERE added IS NULL", [["3"]]),
    ("SELECT label, code FROM labels", [["fine, really", "200"], ["odd", None]]),
    (
        "SELECT label, more FROM unescaped ORDER BY n",
        [["C:\\logs, or\\", "end"], ['say "hi"', ""], ["a\\b", "x"]],
    ),
    ("SELECT count(*) FROM escaped WHERE more = 'end'", [["0"]]),
    ("SHOW TABLES 'l*'", [["labels"], ["logs"]]),
    ("SHOW DATABASES", [["db"]]),
    ("show partitions logs;", [["date=2024-10-20"], ["date=2024-10-21"], ["date=2024-10-22"]]),
]


@pytest.mark.parametrize(("statement", "rows"), ANSWERS, ids=[statement for statement, _ in ANSWERS])
def test_a_statement_of_athena_is_answered(athena: Athena, statement: str, rows: list[list[str | None]]) -> None:
    assert athena.ask(statement).rows == rows


NO_COLUMN = "COLUMN_NOT_FOUND"
REFUSED = [
    ("FROM logs SELECT path", "mismatched input 'FROM'"),
    ("SELECT * EXCLUDE (path) FROM logs", "line 1:10: mismatched input 'EXCLUDE'"),
    ("SELECT * REPLACE (1 AS path) FROM logs", "mismatched input 'REPLACE'"),
    ("SELECT path::varchar FROM logs", "line 1:12: mismatched input '::'"),
    ("SELECT [1, 2]", "mismatched input '['"),
    ("SELECT {'a': 1}", "mismatched input '{'"),
    ("SELECT 1 == 1", "mismatched input '=='"),
    ("SELECT 7 // 2", "mismatched input '/'"),
    ("SELECT path FROM logs QUALIFY row_number() OVER () = 1", "mismatched input 'QUALIFY'"),
    ("SELECT * FROM logs PIVOT (count(*) FOR status_code IN (200))", "mismatched input 'PIVOT'"),
    ("SELECT path, count(*) FROM logs GROUP BY ALL", "mismatched input 'ALL'"),
    ("SELECT path FROM logs ORDER BY ALL", "mismatched input 'ALL'"),
    ("SELECT path FROM logs LIMIT 1 OFFSET 2", "line 1:31: mismatched input 'OFFSET'"),
    ("SELECT * FROM logs USING SAMPLE 10", "mismatched input 'SAMPLE'"),
    ("SELECT DISTINCT ON (path) path FROM logs", "mismatched input 'ON'"),
    ("SELECT path FROM logs WHERE path ILIKE 'x'", "mismatched input 'ILIKE'"),
    ("SELECT `path` FROM logs", "backquoted identifiers are not supported"),
    ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
    ("SELEC 1", "mismatched input"),
    (
        "SELECT status_code AS s, count(*) FROM logs GROUP BY s",
        f"{NO_COLUMN}: line 1:54: Column 's' cannot be resolved",
    ),
    ("SELECT status_code AS s FROM logs WHERE s = 200", NO_COLUMN),
    ("SELECT status_code, count(*) AS c FROM logs GROUP BY 1 HAVING c > 1", NO_COLUMN),
    ("SELECT nope FROM logs", f"{NO_COLUMN}: line 1:8: Column 'nope' cannot be resolved"),
    ("SELECT x.nope FROM logs x", f"{NO_COLUMN}: line 1:10: Column 'x.nope' cannot be resolved"),
    ('SELECT path FROM logs WHERE path = "/a"', NO_COLUMN),
    ("SELECT path, count(*) FROM logs", "EXPRESSION_NOT_AGGREGATE: line 1:8: 'path' must be an aggregate expression"),
    ("SELECT path FROM logs WHERE count(*) > 1", "WHERE clause cannot contain aggregations"),
    ("SELECT * FROM nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.nope' does not exist"),
    ("SELECT * FROM other.logs", "SCHEMA_NOT_FOUND: line 1:21: Schema 'other' does not exist"),
    (
        "SELECT * FROM logs WHERE status_code = '200'",
        "TYPE_MISMATCH: line 1:26: Cannot apply operator: integer = varchar(3)",
    ),
    ("SELECT * FROM logs WHERE ts > '2024-10-20'", "Cannot apply operator: timestamp > varchar(10)"),
    ("SELECT * FROM logs WHERE date = date '2024-10-20'", "Cannot apply operator: varchar = date"),
    ("SELECT * FROM logs WHERE date = 20241020", "Cannot apply operator: varchar = integer"),
    (
        "SELECT * FROM logs WHERE date BETWEEN date '2024-10-20' AND date '2024-10-21'",
        "Cannot check if varchar is BETWEEN date and date",
    ),
    ("SELECT * FROM logs WHERE status_code IN ('200')", "IN value and list items must be the same type"),
    ("SELECT * FROM logs WHERE status_code LIKE '2%'", "Left side of LIKE expression must evaluate to a varchar"),
    ("SELECT * FROM logs WHERE status_code", "WHERE clause must evaluate to a boolean"),
    ("SELECT path + 1 FROM logs", "Cannot apply operator: varchar + integer"),
    ("SELECT path || 1 FROM logs", "Unexpected parameters (varchar, integer) for function concat"),
    ("SELECT sum(path) FROM logs", "Unexpected parameters (varchar) for function sum"),
    ("SELECT lower(status_code) FROM logs", "Unexpected parameters (integer) for function lower"),
    ("SELECT year(date) FROM logs", "Unexpected parameters (varchar) for function year"),
    ("SELECT coalesce(path, 1) FROM logs", "All operands must be the same type"),
    ("SELECT status_code FROM logs UNION SELECT path FROM logs", "has incompatible types: integer, varchar"),
    ("SELECT strftime(ts, '%Y') FROM logs", "Function 'strftime' not registered"),
    ("SELECT list_sum(ARRAY[1])", "Function 'list_sum' not registered"),
    ("SELECT * FROM read_parquet('/etc/passwd')", "Function 'read_parquet' not registered"),
    ("SELECT * FROM duckdb_settings()", "Function 'duckdb_settings' not registered"),
    ("SELECT * FROM '/tmp/a.parquet'", ""),
    ('SELECT * FROM "/tmp/a.parquet"', "TABLE_NOT_FOUND"),
    ("SELECT sum(requests) / 0 FROM logs", "DIVISION_BY_ZERO: Division by zero"),
    ("SELECT cast(path AS integer) FROM logs", "INVALID_CAST_ARGUMENT"),
    ("SELECT path FROM narrow", "HIVE_BAD_DATA: Field path's type VARCHAR in parquet file"),
    ("SHOW PARTITIONS labels", "is not a partitioned table"),
]


@pytest.mark.parametrize(("statement", "words"), REFUSED, ids=[statement for statement, _ in REFUSED])
def test_what_athena_refuses_is_refused_in_its_words(athena: Athena, statement: str, words: str) -> None:
    assert words in athena.refusal(statement)


NOT_HERE = [
    ("SELECT map_union_sum(map(ARRAY['a'], ARRAY[1])) FROM logs", "the function map_union_sum"),
    ("SELECT k FROM logs CROSS JOIN UNNEST(map(ARRAY['a'], ARRAY[1])) AS u(k, v)", "UNNEST of a map"),
    ("SELECT reduce(ARRAY[1], 0, (s, x) -> s + x, s -> s * 2)", "reduce with an output function"),
    ("SELECT max(requests, 2) FROM logs", "max of the N greatest or least"),
    ("SELECT ts AT TIME ZONE 'UTC' FROM logs", "AT TIME ZONE"),
    ("CREATE TABLE t AS SELECT 1", "CREATE statements: its tables are read-only"),
    ("INSERT INTO logs SELECT * FROM logs", "INSERT statements: its tables are read-only"),
    ("DELETE FROM logs", "DELETE statements: its tables are read-only"),
    ("MSCK REPAIR TABLE logs", "MSCK statements"),
    ("EXPLAIN SELECT 1", "EXPLAIN statements"),
    ("SHOW CREATE TABLE logs", "the statement SHOW CREATE TABLE logs"),
    ("SELECT * FROM projected", "partition projection"),
]


@pytest.mark.parametrize(("statement", "what"), NOT_HERE, ids=[statement for statement, _ in NOT_HERE])
def test_what_is_not_translated_is_refused_by_name(athena: Athena, statement: str, what: str) -> None:
    assert athena.refusal(statement).startswith(f"NOT_SUPPORTED: the embedded Athena does not do {what}")


def test_only_the_files_of_the_asked_day_count_as_scanned(athena: Athena, lake: Path) -> None:
    sizes = {day.name: (day / "part-0.parquet").stat().st_size for day in (lake / "logs").iterdir()}
    assert athena.ask(f"SELECT path FROM logs WHERE {DAY}").scanned == sizes["2024-10-20"]
    assert athena.ask(f"SELECT path FROM logs l WHERE l.{DAY} OR date > '2024-12-01'").scanned == sizes["2024-10-20"]
    assert athena.ask("SELECT path FROM logs").scanned == sum(sizes.values())
    assert athena.ask("SELECT path FROM logs WHERE date = '2024-10-22'").scanned == 0
    # The right side of the join may be missing: its day says nothing of what to read.
    outer = "SELECT 1 FROM logs a LEFT JOIN logs b ON a.path = b.path WHERE a.date = '2024-10-20' AND b.date IS NULL"
    assert athena.ask(outer).scanned == sum(sizes.values())


def test_an_empty_table_has_columns_and_types(athena: Athena) -> None:
    result = athena.ask("SELECT *, count(*) OVER () FROM nothing")
    assert result.rows == []
    assert result.columns[0] == ("status_code", "integer")
    assert result.columns[-2:] == [("date", "varchar"), ("_col8", "bigint")]


def test_names_of_columns_are_those_of_athena(athena: Athena) -> None:
    result = athena.ask("SELECT Status_Code, count(*), max(requests) AS Most FROM logs GROUP BY status_code")
    assert result.columns == [("status_code", "integer"), ("_col1", "bigint"), ("Most", "bigint")]


def test_parameters_are_literals_in_the_order_of_their_marks(athena: Athena) -> None:
    statement = "SELECT requests FROM logs WHERE date = ? AND status_code = ? -- why?"
    assert athena.ask(statement, "'2024-10-20'", "404").rows == [["7"]]
    assert "expected 2 but found 1" in athena.refusal(statement, "404")
    assert "is no literal" in athena.refusal(statement, "(SELECT 1)", "1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e7, "1.0E7"),
        (120.0, "120.0"),
        (0.001, "0.001"),
        (0.00012, "1.2E-4"),
        (-0.0, "-0.0"),
        (12345678.9, "1.23456789E7"),
    ],
)
def test_doubles_are_printed_as_java_does(value: float, text: str) -> None:
    assert output.java_double(value) == text


def test_the_process_writes_a_result_and_an_outcome(document: dict[str, Any], lake: Path, tmp_path: Path) -> None:
    statement = "SELECT path, info FROM logs WHERE date = '2024-10-20' ORDER BY 1"
    query = {"statement": statement, "database": "db", "catalog": document, "buckets": {"lake": str(lake)}}
    paths = [tmp_path / name for name in ("query.json", "outcome.json", "result")]
    paths[0].write_text(json.dumps(query))
    subprocess.run([sys.executable, "-I", "-B", ENGINE, *paths], check=True)
    assert paths[2].read_text() == '"path","info"\n"/a","{""a"": 1}"\n"/b/c",\n'
    outcome = json.loads(paths[1].read_text())
    assert outcome["columns"] == [{"Name": "path", "Type": "varchar"}, {"Name": "info", "Type": "varchar"}]
    query["statement"] = "SELECT 1 + 'a'"
    paths[0].write_text(json.dumps(query))
    subprocess.run([sys.executable, "-I", "-B", ENGINE, *paths], check=True)
    error = json.loads(paths[1].read_text())["error"]
    assert error["ErrorCategory"] == 2
    assert error["ErrorMessage"].startswith("TYPE_MISMATCH")
