"""Titles as parts of addresses."""

import re


def slug(title):
    """`A Title` becomes `a-title`."""
    return re.sub(r"[^a-z0-9]", "-", title.lower())
