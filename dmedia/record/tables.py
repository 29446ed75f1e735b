"""The tables of a record."""

from __future__ import annotations

RENDITIONS = """
CREATE TABLE rendition (      -- the second and further ones of files that have several
  number INTEGER NOT NULL,
  rank INTEGER NOT NULL,      -- from 1; the first rendition stands in `file`
  directory INTEGER NOT NULL,
  name BLOB NOT NULL,
  standing INTEGER NOT NULL,
  PRIMARY KEY (number, rank)
) WITHOUT ROWID;
"""

TABLES = f"""
CREATE TABLE job (            -- one row, written when the job is made and when its plan is complete
  id TEXT NOT NULL,
  created_at REAL NOT NULL,
  operation TEXT NOT NULL,
  digest TEXT NOT NULL,       -- of the parameters, and of who brings the operation
  preset TEXT,
  given TEXT NOT NULL,        -- JSON: the parameters that differ from their defaults
  output_directory BLOB NOT NULL,
  base BLOB NOT NULL DEFAULT x'',
  ignored TEXT NOT NULL DEFAULT '{{}}',
  request TEXT NOT NULL       -- JSON: the whole JobSpec; last, because a list of inputs can be long
);
CREATE TABLE state (          -- one row, small: it is written with every batch of results
  state TEXT NOT NULL,
  planning INTEGER NOT NULL,
  total INTEGER NOT NULL DEFAULT 0,
  completed INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  warned INTEGER NOT NULL DEFAULT 0,
  gps_removed INTEGER NOT NULL DEFAULT 0,
  errors TEXT NOT NULL DEFAULT '{{}}',
  bytes_in INTEGER NOT NULL DEFAULT 0,
  bytes_out INTEGER NOT NULL DEFAULT 0,
  started_at REAL,
  ended_at REAL,
  taken_at REAL NOT NULL,     -- when the present or last launcher took the job
  worked_s REAL NOT NULL DEFAULT 0,  -- by the launchers before it, or by all when the job has ended
  run_started_at REAL,        -- when the present or last launcher began to process
  run_done INTEGER NOT NULL DEFAULT 0,  -- files completed or failed before that
  heartbeat REAL NOT NULL,
  host TEXT NOT NULL,         -- empty when the launcher has let go
  pid INTEGER NOT NULL,
  scheduler TEXT,
  dashboard TEXT,
  place TEXT                  -- JSON: the cluster that the job was last taken to; NULL: this machine
);
CREATE TABLE warning (text TEXT NOT NULL UNIQUE, passing INTEGER NOT NULL DEFAULT 0);  -- passing: until it is over
CREATE TABLE directory (number INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
CREATE TABLE file (           -- one row a task; paths are split because a directory holds many files
  number INTEGER PRIMARY KEY,
  source_directory INTEGER NOT NULL,
  source_name BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  rendition_directory INTEGER NOT NULL,
  rendition_name BLOB NOT NULL,
  standing INTEGER NOT NULL,
  status INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  code TEXT,
  version TEXT                -- of the source in its store; NULL where there is none
);
{RENDITIONS}
CREATE TABLE result (number INTEGER PRIMARY KEY, detail TEXT NOT NULL);  -- beside `file`, so that its rows never grow
CREATE TABLE warned (number INTEGER PRIMARY KEY);  -- completed files of which something must be told
CREATE TABLE running (number INTEGER PRIMARY KEY, worker TEXT NOT NULL, started_at REAL NOT NULL) WITHOUT ROWID;
"""
