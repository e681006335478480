"""Paper: every sheet says what it is of, and that it is an exercise."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer

WORDS = "Sheet filler: the levee at Carthage holds; two pumps run, a third is on its way from Joplin."
