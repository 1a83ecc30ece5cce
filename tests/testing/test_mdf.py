"""MDF export, read back by a reader that follows links as the standard says, and by asammdf where it is installed."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bms_emulator.runtime import recorder
from bms_emulator.runtime.recorder import Recorder, RecordingError, Signal
from bms_emulator.testing.mdf import export_mdf

SIGNALS = [
    Signal("rack[1].voltage", "V"),
    Signal("rack[1].mode", "", "enum", {0: "open", 4: "connected"}),
    Signal("température", "K"),
]
ROWS = np.array([[1400.0 + n, 4.0 * (n % 2), np.nan if n == 3 else 300.0 - n] for n in range(23)])


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recorder, "_GROUP_VALUES", 50)
    with Recorder(tmp_path / "c.parquet", SIGNALS, {"site": "demo", "seed": 7}) as writing:
        for n, row in enumerate(ROWS):
            writing.add(0.5 * n, 5 * n, row)
    export_mdf(tmp_path / "c.parquet", tmp_path / "c.mf4")
    return tmp_path / "c.mf4"


@dataclass
class Block:
    """A block of MDF 4: id, links, data."""

    kind: str
    links: tuple[int, ...]
    data: bytes

    @classmethod
    def at(cls, content: bytes, position: int) -> "Block":
        assert position % 8 == 0
        kind, length, count = struct.unpack_from("<4s4xQQ", content, position)
        assert position + length <= len(content)
        links = struct.unpack_from(f"<{count}Q", content, position + 24)
        return cls(kind.decode(), links, content[position + 24 + 8 * count : position + length])


def text(content: bytes, position: int) -> str:
    block = Block.at(content, position)
    assert block.kind in ("##TX", "##MD")
    return block.data.rstrip(b"\0").decode()


def test_links_lead_from_the_head_to_every_channel_and_record(exported: Path) -> None:
    content = exported.read_bytes()
    assert content[:16] == b"MDF     4.10    "
    assert struct.unpack_from("<H", content, 28) == (410,)
    head = Block.at(content, 64)
    assert (head.kind, len(head.links), len(head.data)) == ("##HD", 6, 32)
    assert "seed: 7" in text(content, head.links[5])
    history = Block.at(content, head.links[1])
    assert (history.kind, len(history.data)) == ("##FH", 16)
    assert "<tool_id>bms-emulator</tool_id>" in text(content, history.links[1])
    group = Block.at(content, head.links[0])
    assert (group.kind, group.data) == ("##DG", bytes(8))
    channels = Block.at(content, group.links[1])
    _, cycles, _, _, size, invalid = struct.unpack("<QQHH4xII", channels.data)
    assert (channels.kind, cycles, size, invalid) == ("##CG", len(ROWS), 32, 0)

    data = Block.at(content, group.links[2])
    assert (data.kind, len(data.data)) == ("##DT", len(ROWS) * 32)
    records = np.frombuffer(data.data, "<f8").reshape(-1, 4)
    np.testing.assert_array_equal(records[:, 0], 0.5 * np.arange(len(ROWS)))
    np.testing.assert_array_equal(records[:, 1:], ROWS)

    following, found = channels.links[1], []
    while following:
        channel = Block.at(content, following)
        kind, sync, data_type, bit, byte, bits = struct.unpack_from("<BBBBII", channel.data)
        assert (channel.kind, len(channel.data), data_type, bit, bits) == ("##CN", 72, 4, 0, 64)
        unit = text(content, channel.links[6]) if channel.links[6] else ""
        found.append((kind, sync, byte, text(content, channel.links[2]), unit, channel.links[4]))
        following = channel.links[0]
    assert [row[:5] for row in found] == [
        (2, 1, 0, "time", "s"),
        (0, 0, 8, "rack[1].voltage", "V"),
        (0, 0, 16, "rack[1].mode", ""),
        (0, 0, 24, "température", "K"),
    ]
    conversion = Block.at(content, found[2][5])
    assert (conversion.kind, conversion.data[0]) == ("##CC", 7)
    assert struct.unpack_from("<2d", conversion.data, 24) == (0.0, 4.0)
    assert [text(content, link) for link in conversion.links[4:6]] == ["open", "connected"]
    assert conversion.links[6] == 0


def test_what_is_no_capture_is_not_exported(tmp_path: Path) -> None:
    (tmp_path / "c.parquet").write_bytes(b"PAR")
    with pytest.raises(RecordingError, match="is no Parquet file"):
        export_mdf(tmp_path / "c.parquet", tmp_path / "c.mf4")
    assert not (tmp_path / "c.mf4").exists()
