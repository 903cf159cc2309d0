/** A server of GraphQL Yoga, as its documentation has it: a function that has a method fetch. */

import { createSchema, createYoga } from "npm:graphql-yoga@^5.16.0";

export default createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      type Query {
        hello(name: String!): String!
      }
      type Subscription {
        countdown(from: Int!): Int!
      }
    `,
    resolvers: {
      Query: { hello: (_, { name }) => `Hello, ${name}!` },
      Subscription: {
        countdown: {
          async *subscribe(_, { from }) {
            for (let i = from; i > 0; i--) yield { countdown: i };
          },
        },
      },
    },
  }),
});
