"""Columnar clean-up of texts: paths to routes, messages to fingerprints, anything to one printable line.

Regular expressions run in the JVM, in the Java dialect. Most texts hold no digit and skip the costly one.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

PATH_LENGTH = 200
MESSAGE_LENGTH = 300
SAMPLE_LENGTH = 200
# A message is cut before it is masked: a stack trace of megabytes is not worth a regular expression.
RAW_MESSAGE_LENGTH = 1000

_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_HEX = "(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}"
# Letters and digits mixed, no hyphen: a slug such as `windows-8-consumer-preview` is a name, not an id.
_PATH_TOKEN = "(?=[A-Za-z_]*[0-9])(?=[0-9_]*[A-Za-z])[A-Za-z0-9_]{20,}"
# The slash is part of the match: looking behind at every character costs more than putting it back.
_PATH_ID = rf"/(?:[0-9]+|{_UUID}|{_HEX}|{_PATH_TOKEN})(?=/|$|\.[A-Za-z][A-Za-z0-9]{{0,4}}$)"

_WORD = "[A-Za-z0-9_]"
_MESSAGE_TOKEN = "(?=[A-Za-z_]*[0-9])(?=[0-9_]*[A-Za-z])[A-Za-z0-9_]{16,}"
_MESSAGE_ID = rf"(?<!{_WORD})(?:{_UUID}|0[xX][0-9a-fA-F]+|{_HEX}|{_MESSAGE_TOKEN})(?!{_WORD})"
_NUMBER = r"[0-9]+(?:\.[0-9]+)*"
_CONTROL = r"[\x00-\x20\x7f]+"
_HAS_DIGIT = "[0-9]"

_EXCEPTION_TEXT = r"^\s*([A-Za-z_][A-Za-z0-9_.$]*)"
_EXCEPTION_OBJECT = r'"(?:type|class|name)"\s*:\s*"([A-Za-z_][A-Za-z0-9_.$]*)'


def normalise_path(path: Column) -> Column:
    """A path as its route: no scheme, host, query or fragment, and `{id}` for what names one thing of many.

    An id is a whole segment (a file extension may follow) that is a number, a UUID, eight or more hexadecimal
    digits with a letter and a digit among them, or twenty or more letters and digits mixed.
    """
    bare = F.substring_index(F.substring_index(path, "?", 1), "#", 1)
    bare = F.when(bare.contains("://"), F.regexp_replace(bare, "^[^/]*://[^/]*", "")).otherwise(bare)
    route = F.when(bare.rlike(_HAS_DIGIT), F.regexp_replace(bare, _PATH_ID, "/{id}")).otherwise(bare)
    return F.when(route == "", "/").otherwise(F.substring(route, 1, PATH_LENGTH))


def mask_message(message: Column) -> Column:
    """A message as its fingerprint: `{id}` for ids, `{n}` for numbers (addresses and versions included)."""
    raw = one_line(message, RAW_MESSAGE_LENGTH)
    masked = F.regexp_replace(F.regexp_replace(raw, _MESSAGE_ID, "{id}"), _NUMBER, "{n}")
    return F.substring(F.when(raw.rlike(_HAS_DIGIT), masked).otherwise(raw), 1, MESSAGE_LENGTH)


def exception_class(exception: Column) -> Column:
    """The class that an exception's text or object begins with or names; empty where there is none."""
    is_object = exception.startswith("{")
    pattern = F.when(is_object, F.regexp_extract(exception, _EXCEPTION_OBJECT, 1)).otherwise(
        F.regexp_extract(exception, _EXCEPTION_TEXT, 1)
    )
    return F.coalesce(F.substring(pattern, 1, MESSAGE_LENGTH), F.lit(""))


def one_line(text: Column, length: int) -> Column:
    """A text as one printable line, cut: CSV readers without multi-line support can hold it."""
    cut = F.substring(text, 1, length)
    return F.trim(F.regexp_replace(cut, _CONTROL, " "))
