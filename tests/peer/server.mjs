// A WebSocket server on a library that is not ours: plays a recording to everyone who connects.
//
//   node server.mjs FILE [close-after-n]
//
// Prints its port on the first line. With `close-after-n` it hangs up after so many messages on
// the first connection, as a server that is restarted does, and plays on with the next one.
import { readFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';

const [file, closeAfter = '0'] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.trim() !== '');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
let at = 0;
let hungUp = Number(closeAfter) === 0;

server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  const send = () => {
    if (!hungUp && at >= Number(closeAfter)) {
      hungUp = true;
      socket.close(1012, 'restarting');
      return;
    }
    if (at >= lines.length) return;
    socket.send(lines[at++], (error) => (error ? undefined : setImmediate(send)));
  };
  send();
});
