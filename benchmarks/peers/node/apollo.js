// Apollo Server on Fastify; it keeps parsed and validated documents by default.
import { ApolloServer } from '@apollo/server'
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify'
import Fastify from 'fastify'
import { caller, host, port, resolvers, typeDefs } from './world.js'

const app = Fastify()
const apollo = new ApolloServer({
  typeDefs,
  resolvers,
  introspection: false,
  includeStacktraceInErrorResponses: false,
  plugins: [fastifyApolloDrainPlugin(app)]
})
await apollo.start()
await app.register(fastifyApollo(apollo), {
  context: async request => caller(request.headers.authorization)
})
await app.listen({ port, host })
