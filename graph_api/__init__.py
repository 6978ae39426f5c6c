"""graph-api: a GraphQL API with JWT authorization."""
