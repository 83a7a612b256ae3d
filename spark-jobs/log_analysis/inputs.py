"""The pinned input: which objects of the day are read, that they are what was pinned, and that Spark can read them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

from log_analysis.errors import InputDrift, JobError, MisnamedObjects, UnreadableObject
from log_analysis.storage import Storage

VERSION = 1
# Requests in flight at once: a day of thousands of objects is checked in seconds.
LOOKS_AT_ONCE = 8
# So many objects a message names.
NAMED = 10
# So much is read again, at most, to find the object that a failure does not name.
SEARCHED_BYTES = 8 * 1024**3

# How packed content begins. Spark unpacks by the name's suffix alone, in lower case; what has none here it cannot.
PACKED = {
    rb"\x1f\x8b": ("gzip", ".gz"),
    # With the mark of the first block: where it is damaged Spark finds no block, and no line, without a word.
    rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)": ("bzip2", ".bz2"),
    # The second is a frame to skip, with which parallel writers begin.
    rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18": ("zstd", ".zst"),
    rb"\xfd7zXZ\x00": ("xz", None),
    rb"PK\x03\x04": ("zip", None),
    rb"\x04\x22\x4d\x18": ("lz4", None),
}
HEAD_BYTES = 10


@dataclass(frozen=True)
class PinnedObject:
    """One object of the day, as the launcher saw it."""

    uri: str
    size: int


@dataclass(frozen=True)
class PinnedInputs:
    """The launcher's `inputs.json`."""

    day: str
    objects: tuple[PinnedObject, ...]

    @property
    def paths(self) -> list[str]:
        """The addresses that Spark reads: a list, since a name may hold a comma."""
        return [pinned.uri for pinned in self.objects]


def read_inputs(storage: Storage, uri: str) -> PinnedInputs:
    """Reads the pinned list by its address."""
    if storage.size(uri) is None:
        raise JobError(f"there is no list of pinned inputs at {uri}")
    document = json.loads(storage.read(uri))
    if document.get("version") != VERSION:
        raise JobError(f"{uri} has version {document.get('version')}, this job reads version {VERSION}")
    objects = tuple(PinnedObject(entry["uri"], int(entry["size"])) for entry in document["objects"])
    if not objects:
        raise JobError(f"{uri} pins no objects: a day without logs needs no job")
    return PinnedInputs(document["day"], objects)


def check_pinned(storage: Storage, inputs: PinnedInputs) -> None:
    """Ends the job when an object is not what was pinned. Called before the lines are read, and after."""
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        sizes = pool.map(lambda pinned: storage.size(pinned.uri), inputs.objects)
        for pinned, size in zip(inputs.objects, sizes):
            if size is None:
                raise InputDrift(f"pinned object {pinned.uri} is gone")
            if size != pinned.size:
                raise InputDrift(
                    f"pinned object {pinned.uri} has changed: {pinned.size} bytes when pinned, {size} bytes now"
                )


def check_packing(storage: Storage, inputs: PinnedInputs) -> None:
    """Ends the job when an object's name hides how it is packed: all its lines would be lost, or be rejected."""
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        advice = list(pool.map(lambda pinned: _advice(storage, pinned), inputs.objects))
    advised: dict[str, list[str]] = defaultdict(list)
    for pinned, what_to_do in zip(inputs.objects, advice):
        if what_to_do is not None:
            advised[what_to_do].append(pinned.uri)
    count = sum(len(uris) for uris in advised.values())
    if not count:
        return
    sentences, room = [], NAMED
    for what_to_do, uris in advised.items():
        if uris[:room]:
            sentences.append(f"{what_to_do}: {', '.join(uris[:room])}")
        room -= len(uris[:room])
    more = f"; and {count - NAMED} more" if count > NAMED else ""
    raise MisnamedObjects(f"{count} of {len(inputs.objects)} objects cannot be read: {'; '.join(sentences)}{more}")


def _advice(storage: Storage, pinned: PinnedObject) -> str | None:
    """What to do about an object that is not packed as its name says; nothing where it is."""
    suffix = storage.packing(pinned.uri)
    # An empty object has no lines, whatever its name.
    if not pinned.size or suffix not in (None, ".gz", ".bz2", ".zst"):
        return None
    head = storage.head(pinned.uri, HEAD_BYTES)
    format_name, wanted = next((known for magic, known in PACKED.items() if re.match(magic, head)), ("", None))
    if wanted == suffix and (wanted or not format_name):
        return None
    if wanted:
        return f"{format_name} under another name, rename to end in `{wanted}`"
    if format_name:
        return f"{format_name}, which Spark does not unpack, pack with gzip and name `.gz`"
    return f"not what `{suffix}` says, upload again, or rename without `{suffix}` if it is plain text"


def find_unreadable(storage: Storage, inputs: PinnedInputs, failure: str) -> UnreadableObject | None:
    """The object that a failure of reading is about: Spark names it deep within, or it is looked for."""
    causes = re.findall(r"^Caused by: (.+)$", failure, re.MULTILINE)
    named = {unquote(uri) for uri in re.findall(r"while reading file (\S+?)\.?(?:\s|$)", failure)}
    for pinned in inputs.objects:
        if causes and pinned.uri in named:
            return UnreadableObject(f"pinned object {pinned.uri} cannot be read: {causes[-1]}")
    searched = 0
    for pinned in inputs.objects:
        searched += pinned.size
        if searched > SEARCHED_BYTES:
            break
        why = storage.why_unreadable(pinned.uri) if storage.packing(pinned.uri) else None
        if why is not None:
            return UnreadableObject(f"pinned object {pinned.uri} cannot be read: {why}")
    return None
