"""The tables of job logs."""

from __future__ import annotations

from typing import Final

LOG_TABLES: Final = """
CREATE TABLE log (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, pipeline TEXT NOT NULL, job TEXT NOT NULL,
    octets INTEGER NOT NULL DEFAULT 0, lines INTEGER NOT NULL DEFAULT 0, first INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0, is_open INTEGER NOT NULL DEFAULT 0,
    is_whole INTEGER NOT NULL DEFAULT 0, sentence TEXT NOT NULL DEFAULT '', scan BLOB NOT NULL DEFAULT x'',
    began INTEGER NOT NULL DEFAULT 0, grew_at INTEGER, asked_at INTEGER NOT NULL, read_at INTEGER NOT NULL,
    UNIQUE (source, pipeline, job)
);
CREATE INDEX log_job ON log (job);
CREATE INDEX log_read ON log (read_at, size);
CREATE TABLE log_block (
    id INTEGER PRIMARY KEY, log INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL,
    breaks INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, gap INTEGER NOT NULL DEFAULT 0,
    marks BLOB NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX log_block_number ON log_block (log, number);
CREATE INDEX log_block_first ON log_block (log, first, number);
"""
"""Of a log: `octets` is how far the vendor's was read, `lines` the line breaks so far, `first` the first line that is
kept, `dropped` the bytes that are not, `size` what its blocks take; `is_open`: the last line has no line break yet;
`scan` is what the scanner of `logs` goes on with; `began` is raised whenever it begins anew; `grew_at` is when the last
byte came, `asked_at` when the vendor was asked last, `read_at` when somebody looked (to a minute).
Of a block, a quarter of a megabyte that ends with a line where one ends in it: `first` is how many line breaks are
before it, `breaks` how many are in it, `start` where its bytes stand in the vendor's log, `length` how many they are;
`gap` is how many bytes are missing where its one line stands. `marks` are msgpack of what the scanner found in it,
`data` is compressed with zlib. Line n begins in the last block whose `first` is below n."""
