"""The database: engine, tables, migrations, pages by keyset."""
