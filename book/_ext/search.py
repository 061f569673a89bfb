"""The search: an index over the sections of the built pages, made by MiniSearch, loaded when a reader first searches.

A section answers to its heading, to the names of the losses whose formula it prints (from the catalogue's records,
names in other libraries among them) and to its words. What readers say instead of our words stands in `search.yml`.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, NavigableString, Tag
from glance import phrases
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lossbook.catalogue import CATALOGUE

BOOK = Path(__file__).resolve().parents[1]
NODE = Path(sys.prefix) / "bin" / "node"
MINISEARCH = Path(sys.prefix) / "share" / "node_modules" / "minisearch" / "dist"
WORDS = BOOK / "search.yml"
BUILD, PLAYER = BOOK.parent / "tools" / "build_search.cjs", BOOK / "_static" / "search.js"
# What is no prose: pictures, code, data, what is folded away in a question, marks beside headings and formulas.
SILENT = "svg, script, style, template, pre, annotation, output, nav, .eqno, .headerlink, .checked-mark"
SILENT += ", div.math, .question details"
LONGEST = 150  # characters of what a function is
CARD, CHAPTER = 0.4, 1.5  # a card comes after the section that teaches its loss, a part after its whole
