"""Where the server's page lies."""

from pathlib import Path

PAGE = Path(__file__).parent / "page"
INDEX = "index.html"
