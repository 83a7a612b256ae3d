"""Routes, fingerprints and exception classes by example; the reference has to agree on each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from checks import reference
from log_analysis import normalise

UUID = "123e4567-e89b-12d3-a456-426614174000"

ROUTES = {
    "/": "/",
    "*": "*",
    "/users/42": "/users/{id}",
    "/users/42/": "/users/{id}/",
    f"/users/{UUID}/x": "/users/{id}/x",
    "/o/507f1f77bcf86cd799439011": "/o/{id}",
    "/images/1234.jpg": "/images/{id}.jpg",
    "/a/1.2": "/a/1.2",
    "/a//7": "/a//{id}",
    "/v2/items": "/v2/items",
    "/deadbeef": "/deadbeef",
    "/deadbee1": "/{id}",
    "/s/windows-8-consumer-preview-and-more": "/s/windows-8-consumer-preview-and-more",
    "/s/01ARZ3NDEKTSV4RRFFQ69G5FAV": "/s/{id}",
    "/s/a_word_of_many_letters_only": "/s/a_word_of_many_letters_only",
    "/a?id=1#2": "/a",
    "/a#b?c": "/a",
    "?x": "/",
    "http://h:80": "/",
    "http://h/a/7": "/a/{id}",
    "/go/http://h/7": "/go/http://h/{id}",
    "/" + "x" * 300: "/" + "x" * 199,
}

FINGERPRINTS = {
    "disk full": "disk full",
    "order 12 took 3.5 s": "order {n} took {n} s",
    f"user {UUID}, {UUID}0": "user {id}, {id}-e{n}b-{n}d{n}-a{n}-{n}",
    "10.0.0.1:80 v1.2.": "{n}:{n} v{n}.",
    "lease 0xDEADbeef, 0xZZ": "lease {id}, {n}xZZ",
    "trace 9f86d081884c7d65 job_7": "trace {id} job_{n}",
    "key abcDEF123456ghij_x": "key {id}",
    "  a \n\tb\x00c ": "a b c",
    "x" * 400: "x" * 300,
}

EXCEPTIONS = {
    "java.lang.Error: no\n\tat a.B": "java.lang.Error",
    "  ValueError": "ValueError",
    "[1]": "",
    '{"message":"m","type":"a.B"}': "a.B",
    '{"message":"m"}': "",
    "a.B$C(d)": "a.B$C",
}

Rule = Callable[[Column], Column]


@pytest.mark.parametrize(
    ("examples", "rule", "by_hand"),
    [
        pytest.param(ROUTES, normalise.normalise_path, reference.route, id="routes"),
        pytest.param(FINGERPRINTS, normalise.mask_message, reference.mask, id="fingerprints"),
        pytest.param(EXCEPTIONS, normalise.exception_class, reference.exception_class, id="exceptions"),
    ],
)
def test_examples(spark: SparkSession, examples: dict[str, str], rule: Rule, by_hand: Callable[[str], str]) -> None:
    rows = spark.createDataFrame([(text,) for text in examples], "text string").coalesce(1)
    found = {row["text"]: row["made"] for row in rows.select("text", rule(F.col("text")).alias("made")).collect()}
    assert found == examples
    assert {text: by_hand(text) for text in examples} == examples
