// The protocol's reference implementation, as it comes: socket.io with ws. server.js PORT
'use strict';

const http = require('http');
const { Server } = require('socket.io');

const FILLER = 'Rack 2 at Monett loads; the next word follows at the full hour. ';

const web = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && url.pathname === '/tell') {
    const told = Object.fromEntries([...url.searchParams].map(([k, v]) => [k, Number(v)]));
    await tell(told);
  }
  response.end('ready');
});
const io = new Server(web, { pingInterval: 25000, pingTimeout: 20000, serveClient: false });

async function tell({ first, count, size, pause }) {
  const html = FILLER.repeat(Math.ceil(size / FILLER.length)).slice(0, size);
  for (let n = first; n < first + count; n++) {
    io.emit('entry', { room: 'partners', n, t: Number(process.hrtime.bigint()), html });
    if (pause < 0) continue;
    await new Promise((done) => (pause ? setTimeout(done, pause / 1000) : setImmediate(done)));
  }
}

web.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
