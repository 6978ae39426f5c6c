// GraphQL Yoga on node:http; it keeps parsed and validated documents by default.
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { caller, host, port, resolvers, typeDefs } from './world.js'

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: ({ request }) => caller(request.headers.get('authorization')),
  graphiql: false,
  landingPage: false,
  logging: false,
  maskedErrors: false
})

createServer(yoga).listen(port, host)
