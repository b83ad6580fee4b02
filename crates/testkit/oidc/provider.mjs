// An OpenID provider for tests: whoever signs in is believed. It prints its issuer once it listens.
//
// usage: node provider.mjs REDIRECT_URI
// The client is `podium` with the secret `podium secret+&`; whoever signs in as NAME is NAME@example.com, and the
// address of `unverified…` is not verified.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'podium',
      client_secret: 'podium secret+&',
      redirect_uris: [process.argv[2]],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        name: `${sub} of the provider`,
        email: `${sub}@Example.com`,
        email_verified: !sub.startsWith('unverified'),
      }),
    }),
    pkce: { required: () => true },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
