"""The database: engine, tables, migrations, pages by keyset."""

from graph_api.db.engine import Database
from graph_api.db.migrate import include_object, upgrade

__all__ = ["Database", "include_object", "upgrade"]
