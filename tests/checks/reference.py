"""Every table of the job once more, in plain Python over the raw lines: no Spark, no code of the job.

Where the job works on columns with regular expressions, this takes one line after the other apart by hand. It
is slow and simple on purpose. `compute` gives each table as a dict from its key columns to its value columns.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

HEX = set("0123456789abcdefABCDEF")
DIGITS = set("0123456789")
LETTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
WORD = DIGITS | LETTERS | {"_"}
ZERO_BUCKET = -1000
FIELDS = ("timestamp", "method", "path", "status_code", "response_time", "bytes", "level", "message", "exception")


class Rejected(Exception):
    """A line that is no entry; its text is the reason."""


@dataclass
class Tables:
    """All tables, and the exact response times (ms) per (hour, method, path, status code)."""

    read: int = 0
    access: int = 0
    errors_read: int = 0
    rejected: int = 0
    error_responses: int = 0
    tables: dict[str, dict[tuple, dict[str, Any]]] = field(default_factory=dict)
    times: dict[tuple, list[float]] = field(default_factory=lambda: defaultdict(list))


def raw_lines(content: bytes) -> list[bytes]:
    """A file's lines; its final line feed makes no line."""
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


def read_files(paths: Iterable[Path]) -> Iterator[bytes]:
    """The lines of all files, gzip by name."""
    for path in paths:
        content = path.read_bytes()
        yield from raw_lines(gzip.decompress(content) if path.name.endswith(".gz") else content)


def compute(lines: Iterable[bytes]) -> Tables:
    """Reads every line and adds it up."""
    result = Tables()
    adding = _Adding()
    for raw in lines:
        result.read += 1
        text = raw.decode("utf-8", "replace").strip(" \t\r\ufeff")
        try:
            entry = parse(text, len(raw.strip(b" \t\r").replace(b"\xef\xbb\xbf", b"")))
        except Rejected as reason:
            result.rejected += 1
            adding.rejects[str(reason)][one_line(text, 200)] += 1
            continue
        if "status" in entry:
            result.access += 1
            result.error_responses += entry["status"] >= 500
            key = (hour(entry["at"]), entry["method"], entry["path"], entry["status"])
            result.times[key].append(entry["micros"] / 1000)
            adding.add_access(entry, key)
        else:
            result.errors_read += 1
            adding.add_error(entry)
    result.tables = adding.finish()
    return result


class _Adding:
    """The sums while lines are read."""

    def __init__(self) -> None:
        self.by_status: dict[int, list[int]] = defaultdict(list)
        self.by_key: dict[tuple, list[tuple[int, int]]] = defaultdict(list)
        self.by_bucket: Counter[tuple] = Counter()
        self.by_minute: dict[str, list[int]] = defaultdict(list)
        self.errors: dict[tuple, list[tuple[datetime, str]]] = defaultdict(list)
        self.rejects: dict[str, Counter[str]] = defaultdict(Counter)

    def add_access(self, entry: dict[str, Any], key: tuple) -> None:
        self.by_status[entry["status"]].append(entry["micros"])
        self.by_key[key].append((entry["micros"], entry["bytes"]))
        self.by_bucket[(*key, bucket(entry["micros"]))] += 1
        self.by_minute[entry["at"].strftime("%Y-%m-%d %H:%M")].append(entry["status"])

    def add_error(self, entry: dict[str, Any]) -> None:
        key = (one_line(entry["level"].upper(), 200), mask(entry["message"]), exception_class(entry["exception"]))
        self.errors[key].append((entry["at"], one_line(entry["message"], 200)))

    def finish(self) -> dict[str, dict[tuple, dict[str, Any]]]:
        return {
            "processed_logs": {
                (status,): {
                    "requests": len(micros),
                    "total_response_time": sum(micros) / 1000,
                    "avg_response_time": sum(micros) / 1000 / len(micros),
                    "min_response_time": min(micros) / 1000,
                    "max_response_time": max(micros) / 1000,
                }
                for status, micros in self.by_status.items()
            },
            "endpoints": {
                key: {
                    "requests": len(pairs),
                    "bytes": sum(size for _, size in pairs),
                    "total_response_time": sum(micros for micros, _ in pairs) / 1000,
                    "max_response_time": max(micros for micros, _ in pairs) / 1000,
                }
                for key, pairs in self.by_key.items()
            },
            "latency": {key: {"requests": requests} for key, requests in self.by_bucket.items()},
            "traffic": {
                (minute,): {"requests": len(statuses), "errors": sum(status >= 500 for status in statuses)}
                for minute, statuses in self.by_minute.items()
            },
            "errors": {
                key: {
                    "count": len(seen),
                    "first_seen": min(at for at, _ in seen).strftime("%Y-%m-%d %H:%M:%S"),
                    "last_seen": max(at for at, _ in seen).strftime("%Y-%m-%d %H:%M:%S"),
                    "sample": min((sample for _, sample in seen), key=lambda text: text.encode()),
                }
                for key, seen in self.errors.items()
            },
            "rejects": {
                (reason,): {
                    "count": sum(samples.values()),
                    "samples": [
                        sample for sample, _ in sorted(samples.items(), key=lambda kv: (-kv[1], kv[0].encode()))[:5]
                    ],
                }
                for reason, samples in self.rejects.items()
            },
        }


def parse(text: str, size: int) -> dict[str, Any]:
    """One line as an entry; raises `Rejected`."""
    if not text:
        raise Rejected("blank")
    if size > 1024 * 1024:
        raise Rejected("too_long")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        cut_off = text.startswith("{") and not text.endswith("}")
        raise Rejected("truncated" if cut_off else "not_json") from None
    if not isinstance(value, dict):
        raise Rejected("not_object")
    fields = {name: as_text(value.get(name)) for name in FIELDS}
    has = {name for name, text_of in fields.items() if text_of}
    if "response_time" in has or ("status_code" in has and "level" not in has):
        return _access(fields)
    if has & {"level", "message"}:
        return _error(fields)
    if has & {"method", "path", "status_code"}:
        return _access(fields)
    raise Rejected("unknown_kind")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def as_text(value: Any) -> str:
    """A field as text: empty for what is missing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip(" ")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _require(fields: dict[str, str], *names: str) -> None:
    for name in names:
        if not fields[name]:
            raise Rejected(f"missing_{name}")


def _access(fields: dict[str, str]) -> dict[str, Any]:
    _require(fields, "timestamp", "method", "path", "status_code", "response_time")
    at = instant(fields["timestamp"])
    method = fields["method"]
    if len(method) > 32 or method[0] not in LETTERS or set(method) - LETTERS - set("_-"):
        raise Rejected("invalid_method")
    path = fields["path"]
    is_path = path.startswith("/") or path == "*" or is_url(path)
    if not is_path or any(ord(char) < 32 or ord(char) == 127 for char in path):
        raise Rejected("invalid_path")
    status = whole(fields["status_code"])
    if status is None or not 100 <= status <= 599:
        raise Rejected("invalid_status_code")
    milliseconds = number(fields["response_time"])
    if milliseconds is not None and milliseconds < 0:
        raise Rejected("negative_response_time")
    if milliseconds is None or milliseconds > 1e9:
        raise Rejected("invalid_response_time")
    size = whole(fields["bytes"]) if fields["bytes"] else 0
    if size is None or size >= 10**15:
        raise Rejected("invalid_bytes")
    micros = math.floor(milliseconds * 1000 + 0.5)
    return {
        "at": at,
        "method": method.upper(),
        "path": route(path),
        "status": status,
        "micros": micros,
        "bytes": size,
    }


def _error(fields: dict[str, str]) -> dict[str, Any]:
    _require(fields, "timestamp", "level", "message")
    return {
        "at": instant(fields["timestamp"]),
        "level": fields["level"],
        "message": fields["message"],
        "exception": fields["exception"],
    }


def whole(text: str) -> int | None:
    """A whole number: digits, or digits with a fraction of zeros."""
    digits, point, fraction = text.partition(".")
    if not digits or set(digits) - DIGITS or (point and (not fraction or set(fraction) != {"0"})):
        return None
    return int(digits)


def number(text: str) -> float | None:
    """A finite decimal number as JSON and most programs write it."""
    plain = set(text) <= DIGITS | set("+-.eE")
    digits_around_points = all(part and part[-1] in DIGITS for part in text.lower().replace("e", ".").split("."))
    if not plain or not digits_around_points or text.lstrip("+-")[:1] not in DIGITS or text[:2] in ("+-", "-+"):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def instant(text: str) -> datetime:
    """An ISO 8601 time, in UTC; raises `Rejected`."""
    try:
        date, rest = text[:10], text[10:]
        if rest[:1] not in ("T", " ") or date[0] not in "12":
            raise ValueError(text)
        clock, offset = _split_zone(rest[1:])
        clock, _, fraction = clock.replace(",", ".").partition(".")
        if ("." in rest or "," in rest) and not (fraction.isdigit() and len(fraction) <= 9 and len(clock) == 8):
            raise ValueError(text)
        pattern = "%Y-%m-%d %H:%M:%S" if len(clock) == 8 else "%Y-%m-%d %H:%M"
        if len(clock) not in (5, 8):
            raise ValueError(text)
        at = datetime.strptime(f"{date} {clock}", pattern)
        if at.strftime(pattern) != f"{date} {clock}":
            raise ValueError(text)
        return at.replace(tzinfo=timezone.utc) - offset
    except (ValueError, IndexError):
        raise Rejected("invalid_timestamp") from None


def _split_zone(rest: str) -> tuple[str, timedelta]:
    if rest.endswith("Z"):
        return rest[:-1].rstrip(" "), timedelta()
    for sign in "+-":
        clock, found, zone = rest.partition(sign)
        if found:
            digits = zone.replace(":", "", 1)
            if len(digits) != 4 or not digits.isdigit() or int(digits[:2]) > 17 or int(digits[2:]) > 59:
                raise ValueError(rest)
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            return clock.rstrip(" "), -offset if sign == "-" else offset
    return rest, timedelta()


def hour(at: datetime) -> str:
    """The hour as the tables write it."""
    return at.strftime("%Y-%m-%d %H:00")


def bucket(micros: int) -> int:
    """The latency bucket of a response time."""
    return math.ceil(math.log(micros / 1000) / math.log(1.02)) if micros else ZERO_BUCKET


def is_url(path: str) -> bool:
    """Whether a path is a whole address."""
    scheme, found, _ = path.partition("://")
    return bool(found and scheme and scheme[0] in LETTERS and not set(scheme) - LETTERS - DIGITS - set("+.-"))


def route(path: str) -> str:
    """A path without host, query and fragment, its ids masked."""
    bare = path.split("?", 1)[0].split("#", 1)[0]
    if "://" in bare and "/" not in bare.split("://", 1)[0]:
        _, slash, rest = bare.split("://", 1)[1].partition("/")
        bare = slash + rest
    segments = bare.split("/")
    last = len(segments) - 1
    masked = [segments[0]] + [mask_segment(segments[at], at == last) for at in range(1, last + 1)]
    return "/".join(masked)[:200] or "/"


def mask_segment(segment: str, is_last: bool) -> str:
    """A segment, or what it is when it names one thing of many."""
    if is_id(segment, 20):
        return "{id}"
    stem, point, extension = segment.rpartition(".")
    is_extension = 1 <= len(extension) <= 5 and extension[0] in LETTERS and not set(extension) - LETTERS - DIGITS
    if is_last and point and is_extension and is_id(stem, 20):
        return "{id}." + extension
    return segment


def is_id(word: str, token_length: int) -> bool:
    """A number, a UUID, a longer hexadecimal number, or a long token of letters and digits."""
    chars = set(word)
    if not chars:
        return False
    if chars <= DIGITS or is_uuid(word):
        return True
    mixed = bool(chars & DIGITS) and bool(chars & LETTERS)
    return mixed and ((chars <= HEX and len(word) >= 8) or (chars <= WORD and len(word) >= token_length))


def is_uuid(word: str) -> bool:
    """8-4-4-4-12 hexadecimal digits."""
    parts = word.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(set(part) <= HEX for part in parts)


def one_line(text: str, length: int) -> str:
    """A text with its blanks and control characters as single blanks, cut before."""
    blanked = "".join(" " if ord(char) <= 32 or ord(char) == 127 else char for char in text[:length])
    return " ".join(word for word in blanked.split(" ") if word)


def mask(message: str) -> str:
    """A message's fingerprint."""
    text = one_line(message, 1000)
    words: list[str] = []
    at = 0
    while at < len(text):
        end = at + 1
        if text[at] in WORD:
            if is_uuid(text[at : at + 36]) and text[at + 36 : at + 37] not in WORD:
                end = at + 36
                words.append("{id}")
            else:
                while end < len(text) and text[end] in WORD:
                    end += 1
                words.append(_mask_word(text[at:end]))
        else:
            words.append(text[at])
        at = end
    return _mask_numbers("".join(words))[:300]


def _mask_word(word: str) -> str:
    is_0x = word[:2] in ("0x", "0X") and len(word) > 2 and set(word[2:]) <= HEX
    return "{id}" if is_0x or (set(word) - DIGITS and is_id(word, 16)) else word


def _mask_numbers(text: str) -> str:
    """`{n}` for each run of digits, with the runs that single points join to it."""
    masked = []
    at = 0
    while at < len(text):
        if text[at] not in DIGITS:
            masked.append(text[at])
            at += 1
            continue
        while at < len(text) and (text[at] in DIGITS or (text[at] == "." and text[at + 1 : at + 2] in DIGITS)):
            at += 1
        masked.append("{n}")
    return "".join(masked)


def exception_class(exception: str) -> str:
    """The class that an exception names."""
    if exception.startswith("{"):
        value = json.loads(exception)
        names = [value[key] for key in value if key in ("type", "class", "name") and isinstance(value[key], str)]
        exception = names[0] if names else ""
    else:
        exception = exception.lstrip(" \t\n\r\f\v")
    if not exception or exception[0] not in LETTERS | {"_"}:
        return ""
    end = 1
    while end < len(exception) and exception[end] in WORD | {".", "$"}:
        end += 1
    return exception[:end][:300]
