"""Made-up days of logs, the same in every run."""

from __future__ import annotations

import gzip
import json
import math
import random
import uuid
from typing import Any

LEVELS = ("ERROR", "WARN", "error")
MESSAGES = (
    "order {number} failed after {number} ms",
    "user {uuid} not found",
    "connection to 10.0.0.{byte}:5432 refused (attempt {byte}/5)",
    "lease 0x{hex} lost\n\tat worker-{byte}",
    'body was "{hex}", expected JSON: {{"id": {number}}}, cost 1.5e3, ünïcode',
    "disk full",
)
EXCEPTIONS: tuple[Any, ...] = (
    None,
    "java.lang.IllegalStateException: no lease\n\tat com.example.Worker.run(Worker.java:17)",
    {"type": "TimeoutError", "message": "after 3 s"},
    "  ValueError: 3",
)


def text_of(template: str, random_: random.Random) -> str:
    """A message with fresh ids in it."""
    return template.format(
        number=random_.randrange(10**6),
        uuid=uuid.UUID(int=random_.getrandbits(128)),
        byte=random_.randrange(256),
        hex=f"{random_.getrandbits(48):012x}",
    )


def access(random_: random.Random) -> dict[str, Any]:
    """An access entry: routes with ids of every kind, a long tail of response times."""
    paths = (
        "/",
        "/health",
        f"/users/{random_.randrange(10**5)}",
        f"/users/{random_.randrange(10**5)}/orders/{uuid.UUID(int=random_.getrandbits(128))}?page={random_.randrange(9)}",
        f"/files/{random_.getrandbits(64):016x}.json",
        f"/t/A9{random_.getrandbits(80):025X}z/x#top",
        f"https://example.com/blog/windows-8-consumer-preview/{random_.randrange(3)}",
        "/deadbeef/cafe/v2/1.2.3/12.png/",
    )
    second = random_.randrange(86_400)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    milliseconds = random_.choice((0, 0.0004, 1, 1.02, random_.random(), round(math.exp(random_.gauss(3.5, 1.4)), 3)))
    return {
        "timestamp": random_.choice((f"2024-10-20T{clock}Z", f"2024-10-20 {clock},123", f"2024-10-20T{clock}.5+02:00")),
        "method": random_.choice(("GET", "GET", "POST", "get")),
        "path": random_.choice(paths),
        "status_code": random_.choice((200, 200, 200, "200", 201.0, 304, 404, 500, 503)),
        "response_time": random_.choice((milliseconds, milliseconds, str(milliseconds))),
        "bytes": random_.choice((random_.randrange(10**6), None)),
        "client_ip": "203.0.113.7",
        "headers": {"path": "/nested", "status_code": 999, "list": [1, {"level": "x"}]},
    }


def error(random_: random.Random) -> dict[str, Any]:
    """An error entry."""
    second = random_.randrange(86_400)
    return {
        "timestamp": f"2024-10-20T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.001Z",
        "level": random_.choice(LEVELS),
        "message": text_of(random_.choice(MESSAGES), random_),
        "exception": random_.choice(EXCEPTIONS),
        "logger": "com.example.Worker",
    }


def made_up_day(seed: int = 1, size: int = 4000) -> dict[str, bytes]:
    """Four files: access alone, errors alone, both mixed with damage, and gzipped."""
    random_ = random.Random(seed)

    def lines(count: int, share_of_errors: float, damage: float) -> bytes:
        made = []
        for _ in range(count):
            entry = error(random_) if random_.random() < share_of_errors else access(random_)
            line = json.dumps(entry, ensure_ascii=random_.random() < 0.5).encode()
            if random_.random() < damage:
                line = random_.choice(
                    (b"", b"   ", line[: len(line) // 2], b"\xff\xfe" + line, b"[" + line + b"]", b"{}")
                )
            made.append(line + random_.choice((b"\n", b"\n", b"\r\n")))
        return b"".join(made)

    return {
        "access.log": lines(size // 2, 0, 0.01),
        "error.log": lines(size // 8, 1, 0.01),
        "mixed.jsonl": lines(size // 4, 0.3, 0.1)[:-30],
        "more/rotated.log.gz": gzip.compress(lines(size // 8, 0.1, 0.01), mtime=0),
    }
