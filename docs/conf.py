"""How Sphinx builds the documentation: Markdown through MyST, shown by Furo; every warning is an error (``make check``)."""

from __future__ import annotations

from importlib import metadata

project = "hapilot"
author = "The hapilot developers"
project_copyright = "The hapilot developers"
release = metadata.version("hapilot")
version = release

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "generated"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # `…` stands in console blocks for output that is left out

html_theme = "furo"
html_title = f"hapilot {release}"
html_copy_source = False
html_show_sourcelink = False
html_extra_path = ["hapilot.schema.json"]
