// Verifies the access token on stdin, knowing nothing but the issuer's URL; prints its claims.
import { readFileSync } from "node:fs";
import { createRemoteJWKSet, jwtVerify } from "jose";

const issuer = process.argv[2];
const discovered = await fetch(`${issuer}/.well-known/openid-configuration`);
const { jwks_uri } = await discovered.json();
const keys = createRemoteJWKSet(new URL(jwks_uri));
const token = readFileSync(0, "utf8").trim();
const { payload } = await jwtVerify(token, keys, { issuer, audience: issuer, typ: "at+jwt" });
console.log(JSON.stringify(payload));
