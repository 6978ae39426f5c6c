"""The database: engine, tables, migrations, pages by keyset."""

from graph_api.db.engine import Database
from graph_api.db.migrate import include_object, upgrade
from graph_api.db.rows import Columns, ReadAs, Rows

__all__ = ["Columns", "Database", "ReadAs", "Rows", "include_object", "upgrade"]
