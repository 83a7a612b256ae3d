"""Statements of the Athena User Guide, as they stand there: the embedded Athena answers them, too.

The name before each is that of its page, https://docs.aws.amazon.com/athena/latest/ug/NAME.html; the answers are those
that the page shows, as Athena prints values. Sample code of the guide is under AWS's modified MIT licence (MIT-0).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[2] / "src" / "athena" / "engine"
sys.path.insert(0, str(ENGINE))

import catalog  # noqa: E402
import execute  # noqa: E402

Rows = list[list[str | None]]

STATEMENTS: list[tuple[str, str, Rows]] = [
    (
        "accessing-array-elements",
        """WITH dataset AS (
  SELECT ARRAY ['hello', 'amazon', 'athena'] AS words
)
SELECT
  element_at(words, 1) AS first_word,
  element_at(words, -2) AS middle_word,
  element_at(words, cardinality(words)) AS last_word
FROM dataset""",
        [["hello", "amazon", "athena"]],
    ),
    (
        "arrays-and-aggregation",
        """WITH
dataset AS (
  SELECT ARRAY
  [
    ARRAY[1,2,3,4],
    ARRAY[5,6,7,8],
    ARRAY[9,0]
  ] AS items
),
item AS (
  SELECT i AS array_items
  FROM dataset, UNNEST(items) AS t(i)
)
SELECT array_items, sum(val) AS total
FROM item, UNNEST(array_items) AS t(val)
GROUP BY array_items""",
        [["[9, 0]", "9"], ["[1, 2, 3, 4]", "10"], ["[5, 6, 7, 8]", "26"]],
    ),
    (
        "arrays-and-aggregation",
        """WITH
dataset AS (
  SELECT ARRAY
  [
    ARRAY[1,2,3,4],
    ARRAY[5,6,7,8],
    ARRAY[9,0]
  ] AS items
),
item AS (
  SELECT i AS array_items
  FROM dataset, UNNEST(items) AS t(i)
)
SELECT array_items, reduce(array_items, 0 , (s, x) -> s + x, s -> s) AS total
FROM item""",
        [["[9, 0]", "9"], ["[5, 6, 7, 8]", "26"], ["[1, 2, 3, 4]", "10"]],
    ),
    (
        "concatenating-strings-and-arrays",
        "SELECT 'This' || ' is' || ' a' || ' test.' AS Concatenated_String",
        [["This is a test."]],
    ),
    (
        "concatenating-strings-and-arrays",
        "SELECT concat('This', ' is', ' a', ' test.') AS Concatenated_String",
        [["This is a test."]],
    ),
    (
        "concatenating-strings-and-arrays",
        """WITH
dataset AS (
  SELECT
    ARRAY ['Hello', 'Amazon', 'Athena'] AS words,
    ARRAY ['Hi', 'Alexa'] AS alexa
)
SELECT concat(words, alexa) AS welcome_msg
FROM dataset""",
        [["[Hello, Amazon, Athena, Hi, Alexa]"]],
    ),
    (
        "converting-array-data-types",
        """SELECT
   ARRAY [CAST(4 AS VARCHAR), CAST(5 AS VARCHAR)]
AS items""",
        [["[4, 5]"]],
    ),
    (
        "converting-array-data-types",
        """SELECT
   ARRAY[CAST(MAP(ARRAY['a1', 'a2', 'a3'], ARRAY[1, 2, 3]) AS JSON)] ||
   ARRAY[CAST(MAP(ARRAY['b1', 'b2', 'b3'], ARRAY[4, 5, 6]) AS JSON)]
AS items""",
        [['[{"a1":1,"a2":2,"a3":3}, {"b1":4,"b2":5,"b3":6}]']],
    ),
    (
        "converting-arrays-to-strings",
        """WITH
dataset AS (
  SELECT ARRAY ['hello', 'amazon', 'athena'] AS words
)
SELECT array_join(words, ' ') AS welcome_msg
FROM dataset""",
        [["hello amazon athena"]],
    ),
    (
        "creating-arrays",
        "SELECT ARRAY [1,2,3,4] AS items",
        [["[1, 2, 3, 4]"]],
    ),
    (
        "creating-arrays",
        "SELECT ARRAY[ ARRAY[1,2], ARRAY[3,4] ] AS items",
        [["[[1, 2], [3, 4]]"]],
    ),
    (
        "creating-arrays",
        """WITH
dataset AS (
  SELECT 1 AS x, 2 AS y, 3 AS z
)
SELECT ARRAY [x,y,z] AS items FROM dataset""",
        [["[1, 2, 3]"]],
    ),
    (
        "creating-arrays",
        """WITH
dataset AS (
  SELECT
    ARRAY ['hello', 'amazon', 'athena'] AS words,
    ARRAY ['hi', 'alexa'] AS alexa
)
SELECT ARRAY[words, alexa] AS welcome_msg
FROM dataset""",
        [["[[hello, amazon, athena], [hi, alexa]]"]],
    ),
    (
        "creating-arrays",
        """SELECT ARRAY[
   MAP(ARRAY['first', 'last', 'age'],ARRAY['Bob', 'Smith', '40']),
   MAP(ARRAY['first', 'last', 'age'],ARRAY['Jane', 'Doe', '30']),
   MAP(ARRAY['first', 'last', 'age'],ARRAY['Billy', 'Smith', '8'])
] AS people""",
        [["[{first=Bob, last=Smith, age=40}, {first=Jane, last=Doe, age=30}, {first=Billy, last=Smith, age=8}]"]],
    ),
    (
        "engine-versions-reference-0003",
        """SELECT array_agg(a) OVER(
   ORDER BY a ASC NULLS FIRST GROUPS BETWEEN 1 PRECEDING AND 2 FOLLOWING)
FROM (VALUES 3, 3, 3, 2, 2, 1, null, null) T(a)""",
        [
            ["[null, null, 1, 2, 2]"],
            ["[null, null, 1, 2, 2]"],
            ["[null, null, 1, 2, 2, 3, 3, 3]"],
            ["[1, 2, 2, 3, 3, 3]"],
            ["[1, 2, 2, 3, 3, 3]"],
            ["[2, 2, 3, 3, 3]"],
            ["[2, 2, 3, 3, 3]"],
            ["[2, 2, 3, 3, 3]"],
        ],
    ),
    (
        "engine-versions-reference-0003",
        "SELECT * FROM (VALUES 1, 2, 3, 4) INTERSECT ALL SELECT * FROM (VALUES 3, 4)",
        [["3"], ["4"]],
    ),
    (
        "engine-versions-reference-0003",
        "SELECT * FROM (VALUES 1, 2, 3, 4) EXCEPT ALL SELECT * FROM (VALUES 3, 4)",
        [["1"], ["2"]],
    ),
    (
        "engine-versions-reference-0003",
        """SELECT sum(x) over (order by x range 1 preceding)
FROM (values (1), (1), (2), (2)) t(x)""",
        [["2"], ["2"], ["6"], ["6"]],
    ),
    (
        "engine-versions-reference-0003",
        "SELECT CAST('2021-06-06 23:38:46' AS timestamp) AS this_time",
        [["2021-06-06 23:38:46.000"]],
    ),
    (
        "extracting-data-from-JSON",
        """WITH dataset AS (
  SELECT '{"name": "Susan Smith",
           "org": "engineering",
           "projects": [{"name":"project1", "completed":false},
           {"name":"project2", "completed":true}]}'
    AS blob
)
SELECT
  json_extract(blob, '$.name') AS name,
  json_extract(blob, '$.projects') AS projects
FROM dataset""",
        [['"Susan Smith"', '[{"name":"project1","completed":false},{"name":"project2","completed":true}]']],
    ),
    (
        "extracting-data-from-JSON",
        """WITH dataset AS (
  SELECT '{"name": "Susan Smith",
           "org": "engineering",
           "projects": [{"name":"project1", "completed":false},{"name":"project2", "completed":true}]}'
    AS blob
)
SELECT
  json_extract_scalar(blob, '$.name') AS name,
  json_extract_scalar(blob, '$.projects') AS projects
FROM dataset""",
        [["Susan Smith", None]],
    ),
    (
        "extracting-data-from-JSON",
        """WITH dataset AS (
   SELECT '{"name": "Bob Smith",
             "org": "engineering",
             "projects": [{"name":"project1", "completed":false},{"name":"project2", "completed":true}]}'
     AS blob
)
SELECT json_extract_scalar(blob, '$.projects[0].name') AS project_name
FROM dataset""",
        [["project1"]],
    ),
    (
        "filtering-arrays",
        """WITH
dataset AS (
  SELECT ARRAY
  [
    ARRAY[1,2,3,4],
    ARRAY[5,6,7,8],
    ARRAY[9,0]
  ] AS items
)
SELECT i AS array_items FROM dataset
CROSS JOIN UNNEST(items) AS t(i)
WHERE contains(i, 2)""",
        [["[1, 2, 3, 4]"]],
    ),
    (
        "filtering-arrays",
        "SELECT filter(ARRAY [1,0,5,-1], x -> x>0)",
        [["[1, 5]"]],
    ),
    (
        "filtering-arrays",
        "SELECT filter(ARRAY [-1, NULL, 10, NULL], q -> q IS NOT NULL)",
        [["[-1, 10]"]],
    ),
    (
        "finding-lengths",
        "SELECT cardinality(ARRAY[1,2,3,4]) AS item_count",
        [["4"]],
    ),
    (
        "flattening-arrays",
        "SELECT flatten(ARRAY[ ARRAY[1,2], ARRAY[3,4] ]) AS items",
        [["[1, 2, 3, 4]"]],
    ),
    (
        "flattening-arrays",
        """WITH dataset AS (
  SELECT
    'engineering' as department,
    ARRAY['Sharon', 'John', 'Bob', 'Sally'] as users
)
SELECT department, names FROM dataset
CROSS JOIN UNNEST(users) as t(names)""",
        [["engineering", "Sally"], ["engineering", "Bob"], ["engineering", "John"], ["engineering", "Sharon"]],
    ),
    (
        "flattening-arrays",
        """WITH
dataset AS (
  SELECT
    'engineering' as department,
     ARRAY[
      MAP(ARRAY['first', 'last', 'age'],ARRAY['Bob', 'Smith', '40']),
      MAP(ARRAY['first', 'last', 'age'],ARRAY['Jane', 'Doe', '30']),
      MAP(ARRAY['first', 'last', 'age'],ARRAY['Billy', 'Smith', '8'])
     ] AS people
  )
SELECT names['first'] AS
 first_name,
 names['last'] AS last_name,
 department FROM dataset
CROSS JOIN UNNEST(people) AS t(names)""",
        [["Billy", "Smith", "engineering"], ["Jane", "Doe", "engineering"], ["Bob", "Smith", "engineering"]],
    ),
    (
        "maps",
        """WITH dataset AS (
  SELECT MAP(
    ARRAY['first', 'last', 'age'],
    ARRAY['Bob', 'Smith', '35']
  ) AS user
)
SELECT user FROM dataset""",
        [["{first=Bob, last=Smith, age=35}"]],
    ),
    (
        "maps",
        """WITH dataset AS (
 SELECT MAP(
   ARRAY['first', 'last', 'age'],
   ARRAY['Bob', 'Smith', '35']
 ) AS user
)
SELECT user['first'] AS first_name FROM dataset""",
        [["Bob"]],
    ),
    (
        "parsing-JSON",
        """WITH dataset AS (
  SELECT
    CAST(JSON '"HELLO ATHENA"' AS VARCHAR) AS hello_msg,
    CAST(JSON '12345' AS INTEGER) AS some_int,
    CAST(JSON '{"a":1,"b":2}' AS MAP(VARCHAR, INTEGER)) AS some_map
)
SELECT * FROM dataset""",
        [["HELLO ATHENA", "12345", "{a=1, b=2}"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
 SELECT
   ROW('Bob', 38) AS users
 )
SELECT * FROM dataset""",
        [["{field0=Bob, field1=38}"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT
    CAST(
      ROW('Bob', 38) AS ROW(name VARCHAR, age INTEGER)
    ) AS users
)
SELECT * FROM dataset""",
        [["{name=Bob, age=38}"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT ARRAY[
    CAST(ROW('Bob', 38) AS ROW(name VARCHAR, age INTEGER)),
    CAST(ROW('Alice', 35) AS ROW(name VARCHAR, age INTEGER)),
    CAST(ROW('Jane', 27) AS ROW(name VARCHAR, age INTEGER))
  ] AS users
)
SELECT * FROM dataset""",
        [["[{name=Bob, age=38}, {name=Alice, age=35}, {name=Jane, age=27}]"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT
    CAST(
      ROW('aws.amazon.com', ROW(true)) AS ROW(hostname VARCHAR, flaggedActivity ROW(isNew BOOLEAN))
    ) AS sites
)
SELECT * FROM dataset""",
        [["{hostname=aws.amazon.com, flaggedactivity={isnew=true}}"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT
    CAST(
      ROW('aws.amazon.com', ROW(true)) AS ROW(hostname VARCHAR, flaggedActivity ROW(isNew BOOLEAN))
    ) AS sites
)
SELECT sites.hostname, sites.flaggedactivity.isnew
FROM dataset""",
        [["aws.amazon.com", "true"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT ARRAY[
    CAST(
      ROW('aws.amazon.com', ROW(true)) AS ROW(hostname VARCHAR, flaggedActivity ROW(isNew BOOLEAN))
    ),
    CAST(
      ROW('news.cnn.com', ROW(false)) AS ROW(hostname VARCHAR, flaggedActivity ROW(isNew BOOLEAN))
    ),
    CAST(
      ROW('netflix.com', ROW(false)) AS ROW(hostname VARCHAR, flaggedActivity ROW(isNew BOOLEAN))
    )
  ] as items
)
SELECT sites.hostname, sites.flaggedActivity.isNew
FROM dataset, UNNEST(items) t(sites)
WHERE sites.flaggedActivity.isNew = true""",
        [["aws.amazon.com", "true"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT ARRAY[
    CAST(
      ROW('aws.amazon.com', ROW(ARRAY[
          MAP(ARRAY['term', 'count'], ARRAY['bigdata', '10']),
          MAP(ARRAY['term', 'count'], ARRAY['serverless', '50']),
          MAP(ARRAY['term', 'count'], ARRAY['analytics', '82']),
          MAP(ARRAY['term', 'count'], ARRAY['iot', '74'])
      ])
      ) AS ROW(hostname VARCHAR, flaggedActivity ROW(flags ARRAY(MAP(VARCHAR, VARCHAR)) ))
   ),
   CAST(
     ROW('news.cnn.com', ROW(ARRAY[
       MAP(ARRAY['term', 'count'], ARRAY['politics', '241']),
       MAP(ARRAY['term', 'count'], ARRAY['technology', '211']),
       MAP(ARRAY['term', 'count'], ARRAY['serverless', '25']),
       MAP(ARRAY['term', 'count'], ARRAY['iot', '170'])
     ])
     ) AS ROW(hostname VARCHAR, flaggedActivity ROW(flags ARRAY(MAP(VARCHAR, VARCHAR)) ))
   ),
   CAST(
     ROW('netflix.com', ROW(ARRAY[
       MAP(ARRAY['term', 'count'], ARRAY['cartoons', '1020']),
       MAP(ARRAY['term', 'count'], ARRAY['house of cards', '112042']),
       MAP(ARRAY['term', 'count'], ARRAY['orange is the new black', '342']),
       MAP(ARRAY['term', 'count'], ARRAY['iot', '4'])
     ])
     ) AS ROW(hostname VARCHAR, flaggedActivity ROW(flags ARRAY(MAP(VARCHAR, VARCHAR)) ))
   )
 ] AS items
),
sites AS (
  SELECT sites.hostname, sites.flaggedactivity
  FROM dataset, UNNEST(items) t(sites)
)
SELECT hostname
FROM sites, UNNEST(sites.flaggedActivity.flags) t(flags)
WHERE regexp_like(flags['term'], 'politics|bigdata')
GROUP BY (hostname)""",
        [["news.cnn.com"], ["aws.amazon.com"]],
    ),
    (
        "rows-and-structs",
        """WITH dataset AS (
  SELECT ARRAY[
    CAST(
      ROW('aws.amazon.com', ROW(ARRAY[
          MAP(ARRAY['term', 'count'], ARRAY['bigdata', '10']),
          MAP(ARRAY['term', 'count'], ARRAY['serverless', '50']),
          MAP(ARRAY['term', 'count'], ARRAY['analytics', '82']),
          MAP(ARRAY['term', 'count'], ARRAY['iot', '74'])
      ])
      ) AS ROW(hostname VARCHAR, flaggedActivity ROW(flags ARRAY(MAP(VARCHAR, VARCHAR)) ))
    ),
    CAST(
      ROW('news.cnn.com', ROW(ARRAY[
        MAP(ARRAY['term', 'count'], ARRAY['politics', '241']),
        MAP(ARRAY['term', 'count'], ARRAY['technology', '211']),
        MAP(ARRAY['term', 'count'], ARRAY['serverless', '25']),
        MAP(ARRAY['term', 'count'], ARRAY['iot', '170'])
      ])
      ) AS ROW(hostname VARCHAR, flaggedActivity ROW(flags ARRAY(MAP(VARCHAR, VARCHAR)) ))
    ),
    CAST(
      ROW('netflix.com', ROW(ARRAY[
        MAP(ARRAY['term', 'count'], ARRAY['cartoons', '1020']),
        MAP(ARRAY['term', 'count'], ARRAY['house of cards', '112042']),
        MAP(ARRAY['term', 'count'], ARRAY['orange is the new black', '342']),
        MAP(ARRAY['term', 'count'], ARRAY['iot', '4'])
      ])
      ) AS ROW(hostname VARCHAR, flaggedActivity ROW(flags ARRAY(MAP(VARCHAR, VARCHAR)) ))
    )
  ] AS items
),
sites AS (
  SELECT sites.hostname, sites.flaggedactivity
  FROM dataset, UNNEST(items) t(sites)
)
SELECT hostname, array_agg(flags['term']) AS terms, SUM(CAST(flags['count'] AS INTEGER)) AS total
FROM sites, UNNEST(sites.flaggedActivity.flags) t(flags)
WHERE regexp_like(flags['term'], 'politics|bigdata')
GROUP BY (hostname)
ORDER BY total DESC""",
        [["news.cnn.com", "[politics]", "241"], ["aws.amazon.com", "[bigdata]", "10"]],
    ),
    (
        "searching-for-values",
        """WITH dataset AS (
  SELECT * FROM (VALUES
    (JSON '{"name": "Bob Smith",
             "org": "legal",
             "projects": [{"name":"project1", "completed":false}]}'),
    (JSON '{"name": "Susan Smith",
             "org": "engineering",
             "projects": [{"name":"project2", "completed":true},
                          {"name":"project3", "completed":true}]}'),
    (JSON '{"name": "Jane Smith",
             "org": "finance",
             "projects": [{"name":"project2", "completed":true}]}')
  ) AS t (users)
),
employees AS (
  SELECT users, CAST(json_extract(users, '$.projects') AS
    ARRAY(MAP(VARCHAR, JSON))) AS projects_array
  FROM dataset
),
names AS (
  SELECT json_extract_scalar(users, '$.name') AS name, projects
  FROM employees, UNNEST (projects_array) AS t(projects)
)
SELECT name, count(projects) AS completed_projects FROM names
WHERE cast(element_at(projects, 'completed') AS BOOLEAN) = true
GROUP BY name""",
        [["Susan Smith", "2"], ["Jane Smith", "1"]],
    ),
    (
        "select",
        "Select 'O''Reilly'",
        [["O'Reilly"]],
    ),
    (
        "sorting-arrays",
        """WITH
dataset AS (
  SELECT ARRAY[3,1,2,5,2,3,6,3,4,5] AS items
)
SELECT array_sort(array_agg(distinct i)) AS array_items
FROM dataset
CROSS JOIN UNNEST(items) AS t(i)""",
        [["[1, 2, 3, 4, 5, 6]"]],
    ),
]


@pytest.mark.parametrize(
    ("statement", "rows"),
    [(statement, rows) for _, statement, rows in STATEMENTS],
    ids=[f"{page}-{number}" for number, (page, _, _) in enumerate(STATEMENTS)],
)
def test_a_statement_of_the_guide_is_answered(statement: str, rows: Rows) -> None:
    nothing = catalog.read({"databases": {"db": {"tables": {}}}}, {})
    found = execute.run(statement, [], nothing, "db").rows
    # Without ORDER BY the rows come in any order.
    assert found == rows if "ORDER BY" in statement.upper() else sorted(map(str, found)) == sorted(map(str, rows))


def test_there_are_enough_of_them() -> None:
    assert len({statement for _, statement, _ in STATEMENTS}) >= 30
