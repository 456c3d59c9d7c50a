"""The guide for programs that come from AgentScope: all of its code runs, in order, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from modelhub.testing import MockServer

from ..paths import ROOT

GUIDE = ROOT / "docs" / "from-agentscope.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def test_the_guide(server: MockServer, tmp_path: Path) -> None:
    blocks = BLOCK.findall(GUIDE.read_text("utf-8"))
    assert {kind for kind, _ in blocks} == {"python"}
    program = "\n".join(text for _, text in blocks)
    environment = {**os.environ, "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{server.url}/v1"}
    command = [sys.executable, "-W", "error", "-W", "default::UserWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "HELLO!!!" in done.stdout
    assert "True\n" in done.stdout
    assert "four {'type': 'chat', 'usage': {" in done.stdout
    assert "write 'openai_chat'" in done.stderr
    assert [path.parent.name for path in tmp_path.rglob("*.json")] == ["invoke"] * 6


def test_every_row_of_the_table_names_what_exists() -> None:
    import modelhub
    from modelhub.compat import agentscope

    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", GUIDE.read_text("utf-8"), re.M)[1:]
    imports = [(old, new) for old, new in rows if "`from agentscope" in old]
    assert len(rows) > 10 and len(imports) >= 4
    for old, new in imports:
        exec(old.strip("`").replace("agentscope", "modelhub.compat.agentscope"), {})
        exec(new.strip("`"), {})
    told = " ".join(cell for row in rows for cell in row)
    for name in re.findall(r"\bmodelhub\.([A-Za-z_.]+)", told):
        found: object = modelhub
        for step in name.rstrip(".").split("."):
            found = getattr(found, step)
    for name in ("init", "manager", "tokens", "exception"):
        assert f"agentscope.{name}" in told or name == "manager"
        assert hasattr(agentscope, name)
