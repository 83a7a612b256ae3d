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
        self._codecs: Any = self._jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(self._conf)

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

    def head(self, uri: str, length: int) -> bytes:
        """An object's first bytes as they are stored, fewer where it is shorter."""
        system, path = self._at(uri)
        # Read so, S3A asks for a short range, not for the whole object; other file systems ignore the option.
        stream = system.openFile(path).opt("fs.option.openfile.read.policy", "random").build().get()
        try:
            bounded = self._jvm.org.apache.commons.io.input.BoundedInputStream(stream, length)
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(bounded))
        finally:
            stream.close()

    def packing(self, uri: str) -> str | None:
        """The suffix by which the file systems' readers unpack an object (`.gz`); `None` where they do not."""
        codec = self._codec(uri)
        return None if codec is None else str(codec.getDefaultExtension())

    def why_unreadable(self, uri: str) -> str | None:
        """Reads an object to its end as the job reads it, and throws it away; gives what is wrong with it."""
        system, path = self._at(uri)
        codec = self._codec(uri)
        try:
            stored = system.open(path)
            try:
                unpacked = stored if codec is None else codec.createInputStream(stored)
                unpacked.transferTo(self._jvm.java.io.OutputStream.nullOutputStream())
            finally:
                stored.close()
        except Py4JJavaError as error:
            return str(error.java_exception.toString()).split("\n", 1)[0]
        return None

    def _codec(self, uri: str) -> Any:
        return self._codecs.getCodec(self._jvm.org.apache.hadoop.fs.Path(uri))

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
