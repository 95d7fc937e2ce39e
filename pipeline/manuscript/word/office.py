"""What only LibreOffice reads: .doc, .wps, .rtf, .odt and Word 2003, where it is installed.

It runs once for each file, without windows, in a folder and with a profile of its own that are gone afterwards: no
macro runs, no link is followed, to the network or to files of this machine, and it has limits of time, memory and disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from pipeline.channel import Text
from pipeline.manuscript.word.package import LARGEST_UNPACKED, FileRefused

SECONDS = 90
"""For one file; a first start takes some five, a book ten."""
_MOST_MEMORY = 4 * 1024 * 1024 * 1024
"""Bytes of address space."""
_PROGRAMS = ("soffice", "libreoffice")
_FILTER = "docx:MS Word 2007 XML"

_SETTINGS = {
    "org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": "3", "DisableMacrosExecution": "true", "BlockUntrustedRefererLinks": "true",
        "DisableActiveContent": "true",
    },
    "org.openoffice.Office.Common/Load": {"UserDefinedSettings": "false"},
    "org.openoffice.Office.Writer/Content/Update": {"Link": "2", "Field": "false", "Chart": "false"},
    "org.openoffice.Inet/Settings": {
        "ooInetProxyType": "2", "ooInetNoProxy": "", "ooInetHTTPProxyName": "127.0.0.1", "ooInetHTTPProxyPort": "9",
        "ooInetHTTPSProxyName": "127.0.0.1", "ooInetHTTPSProxyPort": "9",
    },
}  # fmt: skip
"""Of the profile: highest macro security, links never updated, and a proxy where nobody answers."""


def program() -> str | None:
    """LibreOffice's path; None where it is not installed."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def as_docx(data: bytes, suffix: str, *, seconds: float = SECONDS) -> bytes:
    """A file of the kind that the suffix names, as LibreOffice saves it as .docx. Raises `FileRefused`."""
    office = program()
    if office is None:
        raise FileRefused(
            Text.of("files of the kind {suffix} are read by LibreOffice, which is not installed here", suffix=suffix),
            Text.of("open it in Word or WPS and save it as “Word document (.docx)”, or have LibreOffice installed"),
        )
    with tempfile.TemporaryDirectory(prefix="manuscript-") as name:
        folder = Path(name)
        source, written = folder / f"manuscript{suffix}", folder / "out" / "manuscript.docx"
        source.write_bytes(data)
        _profile(folder)
        if not run(office, folder, source, _FILTER, seconds=seconds):
            raise FileRefused(
                Text.of("LibreOffice did not get through the file in {seconds} seconds", seconds=round(seconds)),
                _REMEDY,
            )
        if not written.is_file():
            raise FileRefused(Text.of("LibreOffice cannot read the file: it is damaged or no text"), _REMEDY)
        with written.open("rb") as file:
            return file.read(LARGEST_UNPACKED)


_REMEDY = Text.of("open it in Word or WPS and save it as “Word document (.docx)”")


def _profile(folder: Path) -> None:
    items = "".join(
        f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, settings in _SETTINGS.items()
        for name, value in settings.items()
    )
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>\n',
        encoding="utf-8",
    )


def run(office: str, folder: Path, source: Path, kind: str, *, seconds: float) -> bool:
    """Convert a file into `folder / "out"`, with the profile `folder / "profile"`; whether that came to an end in time.
    Nothing of it goes on running. `kind`: LibreOffice's name of the new one."""
    profile = (folder / "profile").as_uri()
    command = [
        office, f"-env:UserInstallation={profile}", "--headless", "--norestore", "--nolockcheck", "--nodefault",
        "--convert-to", kind, "--outdir", str(folder / "out"), str(source),
    ]  # fmt: skip
    places = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp", **places}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if hasattr(resource, "prlimit"):
            for limit, most in _limits(seconds).items():
                with contextlib.suppress(ProcessLookupError):  # it has ended already
                    resource.prlimit(process.pid, limit, (most, most))
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _pipe(profile).unlink(missing_ok=True)
    return True


def _pipe(profile: str) -> Path:
    """Where LibreOffice listens for further calls; it takes that away itself, unless it is killed."""
    digest = hashlib.md5(profile.encode("utf-16-le"), usedforsecurity=False).digest()
    return Path(f"/tmp/OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{''.join(f'{byte:x}' for byte in digest)}")  # noqa: S108


def _limits(seconds: float) -> dict[int, int]:
    return {
        resource.RLIMIT_AS: _MOST_MEMORY,
        resource.RLIMIT_FSIZE: LARGEST_UNPACKED,
        resource.RLIMIT_CPU: round(seconds) + 1,
        resource.RLIMIT_CORE: 0,
    }
