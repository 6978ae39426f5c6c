"""The application that this repository serves: accounts, and articles as a worked domain."""

from graph_api import Schema
from schema.demo import demo_data
from schema.mutation import Mutation
from schema.query import Query
from schema.types.article import UserArticles

__all__ = ["demo_data", "schema"]

schema = Schema(
    Query,
    Mutation,
    extend=[UserArticles],
    permissions={
        "article:write": "Write articles and change one's own.",
        "article:review": "See all drafts and withdrawn articles, change and delete any article.",
        "article:publish": "Publish and withdraw articles.",
    },
    roles={
        "author": ["article:write"],
        "editor": ["article:write", "article:review", "article:publish"],
    },
)
