"""The version of this release; CHANGELOG.md says what is new in it."""

VERSION = "1.0.0"
