"""The file behind a serial line: a pseudo-terminal that appears at a path, or a serial device that is there already."""

import contextlib
import fcntl
import os
import stat
import termios
import tty
from pathlib import Path

_PSEUDO_TERMINALS = "/dev/pts/"
_PARITY = {"none": 0, "even": termios.PARENB, "odd": termios.PARENB | termios.PARODD}


def problem(path: str, baud: int) -> str:
    """Why a serial line cannot be opened at a path; empty where nothing stands against it."""
    file = Path(path)
    if is_device(path):
        if not hasattr(termios, f"B{baud}"):
            return f"a serial device knows no {baud} bit/s; 9600, 19200, 38400, 57600 and 115200 are usual"
        return "" if os.access(path, os.R_OK | os.W_OK) else "there is no permission to read and write it"
    if file.is_symlink() or file.exists():
        return "" if _is_ours(file) else "is there already, and is neither a serial device nor left by an emulator"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    return "" if os.access(file.parent, os.W_OK) else f"there is no permission to write to {file.parent}"


def is_device(path: str) -> bool:
    """Whether a serial device is there; a link to a pseudo-terminal is none but is left by an emulator."""
    file = Path(path)
    try:
        return stat.S_ISCHR(file.stat().st_mode) and not _is_ours(file)
    except OSError:
        return False


def _is_ours(file: Path) -> bool:
    return file.is_symlink() and str(file.readlink()).startswith(_PSEUDO_TERMINALS)


class SerialPort:
    """A serial line that can be read and written without waiting.

    Args:
        path: Where a pseudo-terminal appears, or where the serial device is.
        baud: Bits per second; means nothing to a pseudo-terminal.
        parity: ``none``, ``even`` or ``odd``; means nothing to a pseudo-terminal.

    Attributes:
        fd: The file.
        place: Where it is, for people.

    Raises:
        OSError: The line cannot be opened.
    """

    def __init__(self, path: str, baud: int, parity: str) -> None:
        wrong = problem(path, baud)
        if wrong:
            raise OSError(wrong)
        self._link: Path | None = None
        self._other = -1
        try:
            if is_device(path):
                self.place = path
                self.fd = _open_device(path, baud, parity)
            else:
                self._open_pseudo(Path(path))
        except termios.error as error:
            raise OSError(*error.args) from error

    def read(self) -> bytes:
        """What has arrived, at most 4 kB.

        Raises:
            OSError: The line is gone.
        """
        try:
            data = os.read(self.fd, 4096)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError("the serial device is gone")
        return data

    def write(self, data: bytes) -> None:
        """Send; what nobody fetches is lost, as on a wire.

        Raises:
            OSError: The line is gone.
        """
        with contextlib.suppress(BlockingIOError):
            os.write(self.fd, data)

    def close(self) -> None:
        """Close it; a pseudo-terminal vanishes."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                if str(self._link.readlink()) == self._target:
                    self._link.unlink()
        for fd in (self.fd, self._other):
            if fd >= 0:
                os.close(fd)
        self.fd = self._other = -1

    def _open_pseudo(self, link: Path) -> None:
        """Make a pseudo-terminal, and a link to its far end; that stays open, so that clients may come and go."""
        self.fd, self._other = os.openpty()
        try:
            tty.setraw(self._other)
            os.set_blocking(self.fd, False)
            self._target = os.ttyname(self._other)
            made = link.with_name(f"{link.name}.{os.getpid()}")
            made.unlink(missing_ok=True)
            made.symlink_to(self._target)
            made.replace(link)
        except OSError:
            self.close()
            raise
        self._link = link
        self.place = f"{link} ({self._target})"


def _open_device(path: str, baud: int, parity: str) -> int:
    """Open a serial device for ourselves, with eight data bits and one stop bit."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(fd, termios.TIOCEXCL)
        control = termios.tcgetattr(fd)[6]
        control[termios.VMIN], control[termios.VTIME] = 1, 0
        flags = termios.CS8 | termios.CREAD | termios.CLOCAL | _PARITY[parity]
        speed = getattr(termios, f"B{baud}")
        termios.tcsetattr(fd, termios.TCSANOW, [0, 0, flags, 0, speed, speed, control])
        termios.tcflush(fd, termios.TCIOFLUSH)
    except (OSError, termios.error):
        os.close(fd)
        raise
    return fd
