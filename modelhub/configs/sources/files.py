"""Finds config files on disk, reads them without ever blocking, and decodes them."""

import stat
from pathlib import Path

from modelhub.configs.readers import allowance
from modelhub.configs.readers.positions import TextFault
from modelhub.configs.sources.folders import FORMAT_HINT, FORMATS, Files, walk_folder
from modelhub.diagnostics.suggest import suggest_freely
from modelhub.diagnostics.wording import did_you_mean

MAX_BYTES = max(allowance.MAX_BYTES.values())


class Unreadable(Exception):
    """A path whose text cannot be read, with a hint on what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def find_files(name: str, *, folder_ok: bool = True) -> Files:
    """Find the config files that a path means: the file, or those in the folder and below it; raises Unreadable."""
    if not stat.S_ISDIR(_find_mode(name)):
        return Files([name], [])
    if not folder_ok:
        raise Unreadable("the path is a folder, not a file", "name a file in it")
    try:
        files = walk_folder(name)
    except OSError as error:
        raise Unreadable(f"the folder cannot be read: {_reason(error)}") from None
    if not files.names:
        unread = "".join(f"; {each.file}: {each.message}" for each in files.unread)
        raise Unreadable("the folder holds no config file", FORMAT_HINT + unread)
    return files


def find_format(name: str) -> str:
    """Find the format that a file's suffix means; raises Unreadable."""
    suffix = Path(name).suffix
    if suffix.lower() == ".json5":
        raise Unreadable("JSON5 is not read", "a .jsonc file takes comments and trailing commas, and so does .yaml")
    if suffix.lower() not in FORMATS:
        raise Unreadable(f"the suffix '{suffix}' is not known" if suffix else "the file has no suffix", FORMAT_HINT)
    return FORMATS[suffix.lower()]


def read_file(name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a regular file; raises Unreadable."""
    if not stat.S_ISREG(_find_mode(name)):
        raise Unreadable("the path is not a regular file")
    try:
        with Path(name).open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {_reason(error)}") from None
    if len(content) > max_bytes:
        raise Unreadable(f"the file is larger than {max_bytes // 1024 // 1024} MB")
    return content


def decode(content: bytes) -> str:
    """Decode UTF-8 without its byte order mark; raises TextFault at the first byte that is not text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TextFault("MH101", "the file is not UTF-8 but UTF-16", 0, hint="save it as UTF-8")
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode().removeprefix("\ufeff")
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        raise TextFault("MH101", message, len(before), hint="save the file as UTF-8") from None
    if "\0" in text:
        raise TextFault("MH101", "the text holds a NUL character", text.index("\0"), hint="save the file as UTF-8 text")
    return text


def _find_mode(name: str) -> int:
    if not name:
        raise Unreadable("the path is empty")
    try:
        return Path(name).stat().st_mode
    except FileNotFoundError:
        raise _build_missing(name) from None
    except OSError as error:
        hint = "pass a path, not the text of a file" if "\n" in name else None
        raise Unreadable(f"the path cannot be read: {_reason(error)}", hint) from None
    except ValueError as error:
        raise Unreadable(f"the path cannot be read: {error}") from None


def _build_missing(name: str) -> Unreadable:
    """Build the error for a path that does not exist; it names a file with a similar name."""
    path = Path(name)
    if path.is_symlink():
        return Unreadable("the file is a link to a file that does not exist")
    if "\n" in name:
        return Unreadable("the path does not exist", "pass a path, not the text of a file")
    try:
        names = [each.name for each in path.parent.iterdir() if each.suffix in FORMATS or each.is_dir()]
    except OSError:
        return Unreadable("the path does not exist", f"there is no folder {path.parent}")
    near = suggest_freely(path.name, names)
    hint = did_you_mean(str(path.with_name(near))) if near else None
    return Unreadable(f"the path {name} does not exist", hint)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
