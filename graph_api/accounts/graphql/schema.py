"""The accounts' own schema, served where there is no application's."""

from graph_api.accounts.graphql.mutation import AccountsMutation
from graph_api.accounts.graphql.query import AccountsQuery
from graph_api.execution.schema import Schema

schema = Schema(AccountsQuery, AccountsMutation)
