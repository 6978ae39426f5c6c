"""The GraphQL types of the articles."""
