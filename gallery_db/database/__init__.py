"""The SQLite file: schema, transactions, migrations, backups."""
