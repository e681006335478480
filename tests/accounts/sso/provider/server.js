// An OpenID provider at which everybody is signed in who comes: as the account, with the acr
// that `/as/<account>/<acr>` set before. Started with its settings, in JSON, as its one argument:
// port, redirect (the portal's), secret and key (of its two clients).

import { createServer } from "node:http";

import Provider from "oidc-provider";

const { port, redirect, secret, key } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;

let account = "nobody";
let acr = "weak";

const common = { redirect_uris: [redirect], response_types: ["code"], grant_types: ["authorization_code"] };

const provider = new Provider(issuer, {
  clients: [
    { client_id: "by-secret", client_secret: secret, token_endpoint_auth_method: "client_secret_basic", ...common },
    { client_id: "by-key", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [key] }, ...common },
  ],
  acrValues: ["strong", "weak"],
  claims: { openid: ["sub"], email: ["email", "email_verified"], acr: null, auth_time: null },
  cookies: { keys: [secret] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@world.example`, email_verified: true }),
  }),
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid email");
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();

createServer(async (request, response) => {
  const [, word, ...rest] = request.url.split("/");
  if (word === "as") {
    [account, acr] = rest;
    response.end();
  } else if (word === "interaction") {
    const login = { accountId: account, acr, remember: false };
    await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  } else {
    answer(request, response);
  }
}).listen(port, "127.0.0.1");
