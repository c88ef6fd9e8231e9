"""Which release this is: CHANGELOG.md says what it brought."""

VERSION = "1.0.0"
