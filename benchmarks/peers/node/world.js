// What every peer shares: the people, who asks, and the guard on a field.
import { readFileSync } from 'node:fs'
import { createVerifier } from 'fast-jwt'

const world = JSON.parse(readFileSync(process.env.BENCHMARK_WORLD, 'utf8'))

export const port = Number(process.env.PORT)
export const host = '127.0.0.1'
const people = world.people

const verify = createVerifier({
  key: world.public_key,
  algorithms: ['ES256'],
  allowedIss: world.issuer,
  allowedAud: world.audience,
  checkTyp: 'at+jwt',
  requiredClaims: ['exp', 'nbf', 'sub'],
  cache: 1000
})

const nobody = { roles: [] }

export function caller (authorization) {
  if (!authorization) return nobody
  const claims = verify(authorization.slice('Bearer '.length))
  return { subject: claims.sub, roles: claims.roles }
}

const guarded = name => (person, _, { roles }) => {
  if (!roles.includes('reader')) throw new Error(`You may not use Person.${name}.`)
  return person[name]
}

export const typeDefs = `
  type Query {
    me: Person
    people(first: Int!): [Person!]
  }
  type Person {
    id: ID
    name: String
    city: String
    email: String
    phone: String
    roles: [String!]
  }
`

export const resolvers = {
  Query: {
    me: (_, __, { subject }) => {
      if (!subject) throw new Error('Sign in.')
      return people[0]
    },
    people: (_, { first }) => people.slice(0, first)
  },
  Person: { email: guarded('email'), phone: guarded('phone') }
}
