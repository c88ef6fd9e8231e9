"""The report of a run: one HTML file that only needs a browser."""

from demo.report.gathering import gather
from demo.report.page import write

__all__ = ["gather", "write"]
