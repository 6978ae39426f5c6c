"""The HTTP face: GraphQL over HTTP, discovery, health, and what stands between us and strangers."""
