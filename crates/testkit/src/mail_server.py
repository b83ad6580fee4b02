"""A mail server for tests: prints its port, then every mail that it takes as a line of JSON.

It refuses receivers whose address begins with `refused`, and puts off those whose address begins with `later`.
"""

import asyncio
import json
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 there is no such box"
        if address.startswith("later"):
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        mail = {name.lower(): str(value) for name, value in message.items()}
        mail["receivers"] = envelope.rcpt_tos
        mail["text"] = message.get_content()
        print(json.dumps(mail), flush=True)
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="localhost", loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
