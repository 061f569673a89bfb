"""Have this environment's JupyterLab open a chapter, a Markdown file, as the notebook it is; and fetch no news."""

from __future__ import annotations

import json
import sys
from pathlib import Path

SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {
        "defaultViewers": {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}
    },
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


def main() -> None:
    path = Path(sys.prefix) / "share/jupyter/lab/settings/overrides.json"
    settings = json.loads(path.read_text()) if path.exists() else {}
    settings |= SETTINGS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=1))


if __name__ == "__main__":
    main()
