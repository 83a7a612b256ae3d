"""The pinned input: which objects of the day are read, and that they are still the ones that were pinned."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from log_analysis.errors import InputDrift, JobError
from log_analysis.storage import Storage

VERSION = 1
# Requests for sizes in flight at once: a day of thousands of objects is checked in seconds.
LOOKS_AT_ONCE = 8


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
