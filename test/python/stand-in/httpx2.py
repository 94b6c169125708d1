"""The same shape, in classes of its own, as the real one has."""

from pathlib import Path

exec(Path(__file__).with_name("httpx.py").read_text())
