"""The report of a run: one HTML file that needs nothing but a browser."""

from local.report.gathering import gather
from local.report.page import write

__all__ = ["gather", "write"]
