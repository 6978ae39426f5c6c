// Mercurius on Fastify, its queries compiled by graphql-jit at the first sight.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { caller, host, port, resolvers, typeDefs } from './world.js'

const app = Fastify()
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  graphiql: false,
  context: request => caller(request.headers.authorization)
})
await app.listen({ port, host })
