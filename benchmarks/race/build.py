"""What has to be made first: programs in C, and Node's packages as the lock file has them."""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
_NODE = HERE / "servers" / "node"
_STAMP = _NODE / "node_modules" / ".package-lock.json"


class LackingError(Exception):
    """The machine lacks what a part needs; the words say what."""


def compiled(source: str, folder: Path) -> Path:
    """Return the program made of a C file; raises LackingError without a compiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise LackingError("no C compiler")
    program = folder / Path(source).stem
    command = [compiler, "-std=gnu11", "-O2", "-o", str(program), str(HERE / source)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise LackingError(f"the C compiler refuses {source}: {made.stderr[:300]}")
    return program


def node_server() -> list[str]:
    """Return the command of Node's server; raises LackingError without Node or its packages."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise LackingError("no Node.js with npm")
    lock = _NODE / "package-lock.json"
    if not _STAMP.exists() or _STAMP.stat().st_mtime < lock.stat().st_mtime:
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=_NODE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LackingError(f"npm could not install socket.io: {done.stderr[-300:]}")
        os.utime(_STAMP)
    return [node, str(_NODE / "server.js")]
