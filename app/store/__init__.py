"""The two SQLite files: schema, the syncer's writes, everybody's window reads (never "all")."""
