"""What all tests share: properties are judged by what they find, never by how long they take."""

import os

from hypothesis import settings

from emulator.isolation import keep_to_this_machine

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Nor by whose machine it is: no profile, key or proxy of its user takes part.
keep_to_this_machine(os.environ)
