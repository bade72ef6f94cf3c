"""The database, a file or on a server: schema, transactions, migrations, backups."""
