"""What stops the job, in words for the person who reads the step's log."""

from __future__ import annotations


class JobError(Exception):
    """The job cannot do what it was asked; the message says why and names the object."""


class InputDrift(JobError):
    """A pinned object is gone or has another size than the one that was pinned."""


class MisnamedObjects(JobError):
    """Objects whose names do not say how their content is packed: their lines would be read as garbage."""


class UnreadableObject(JobError):
    """An object whose content cannot be unpacked, to its end or at all."""


class OutputTaken(JobError):
    """The output folder holds something already."""


class RowsLost(JobError):
    """The written tables do not account for every line that was read."""
