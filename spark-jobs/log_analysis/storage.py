"""Objects by address, through the session's Hadoop file systems.

The same code meets EMRFS or S3A on a cluster and local folders on a laptop: only Spark's own settings know
which. Nothing here asks for credentials, and nothing opens a file or calls S3 by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

NOT_FOUND = "java.io.FileNotFoundException"


@dataclass(frozen=True)
class StoredFile:
    """A file below a folder: its path relative to that folder, and its size in bytes."""

    path: str
    size: int


class Storage:
    """Reads, writes, lists and removes objects at any address that the session has a file system for."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._conf: Any = spark._jsc.hadoopConfiguration()

    def _at(self, uri: str) -> tuple[Any, Any]:
        path = self._jvm.org.apache.hadoop.fs.Path(uri)
        return path.getFileSystem(self._conf), path

    def read(self, uri: str) -> bytes:
        """The whole content of a (small) object."""
        system, path = self._at(uri)
        stream = system.open(path)
        try:
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
        finally:
            stream.close()

    def write(self, uri: str, content: bytes) -> None:
        """Writes an object that is not there yet."""
        system, path = self._at(uri)
        stream = system.create(path, False)
        try:
            stream.write(content)
        finally:
            stream.close()

    def remove(self, uri: str) -> None:
        """Removes one object."""
        system, path = self._at(uri)
        system.delete(path, False)

    def size(self, uri: str) -> int | None:
        """An object's size in bytes; `None` where there is none."""
        system, path = self._at(uri)
        try:
            status = system.getFileStatus(path)
        except Py4JJavaError as error:
            if error.java_exception.getClass().getName() == NOT_FOUND:
                return None
            raise
        return None if status.isDirectory() else int(status.getLen())

    def files(self, folder: str) -> list[StoredFile]:
        """Every file below a folder, sorted by path; none where the folder does not exist."""
        system, path = self._at(folder)
        base = path.toUri().getPath().rstrip("/") + "/"
        found = []
        try:
            listing = system.listFiles(path, True)
            while listing.hasNext():
                status = listing.next()
                full = status.getPath().toUri().getPath()
                found.append(StoredFile(full[len(base) :], int(status.getLen())))
        except Py4JJavaError as error:
            if error.java_exception.getClass().getName() != NOT_FOUND:
                raise
        return sorted(found, key=lambda file: file.path)
