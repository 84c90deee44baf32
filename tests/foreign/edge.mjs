// What stands between a client that insists on https and its own hosts, and a stand-in on a loopback port: a TLS end
// with the test's certificate, and a proxy that takes CONNECT to those hosts there and refuses every other.
// Usage: node edge.mjs PORT-OF-THE-STAND-IN CERTIFICATE KEY HOST...; prints {"proxy": PORT} and runs until it is killed.
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import tls from "node:tls";

const [port, cert, key, ...hosts] = process.argv.slice(2);

const join = (one, other) => {
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.pipe(other).pipe(one);
};

const listening = server =>
  new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

const end = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, socket =>
  join(socket, net.connect(Number(port), "127.0.0.1")),
);
end.on("tlsClientError", () => {});
const inside = await listening(end);

const proxy = http.createServer((_request, response) => response.writeHead(405).end());
proxy.on("connect", (request, socket, head) => {
  if (!hosts.includes(request.url.replace(/:443$/, ""))) {
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    return;
  }
  const onward = net.connect(inside, "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) onward.write(head);
    join(socket, onward);
  });
  onward.on("error", () => socket.destroy());
});
console.log(JSON.stringify({ proxy: await listening(proxy) }));
