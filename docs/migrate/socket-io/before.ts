/** Orders over Socket.IO: a room for each shop, and a client that is cut off for a moment. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

interface Order {
  item: string;
}

// The server
const http = createServer();
const server = new Server<{ follow(shop: string): void }, { order(order: Order): void }>(http);
server.on('connection', (socket) => socket.on('follow', (shop) => socket.join(shop)));
http.listen(0, '127.0.0.1');
await once(http, 'listening');
const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
const order = async (item: string) => server.to('corner-shop').emit('order', { item });

// The client
const arrivals = new EventEmitter();
const client = io(url);
client.on('connect', () => client.emit('follow', 'corner-shop'));
client.on('order', ({ item }: Order) => arrivals.emit(item, console.log(item)));
const { adapter } = server.sockets;
const isFollowed = () => adapter.rooms.has('corner-shop');

// A day of work
while (!isFollowed()) await once(adapter, 'join-room');
const tea = once(arrivals, 'tea');
await order('tea');
await tea;
client.io.engine.close(); // a network that changes, a laptop that sleeps
while (isFollowed()) await once(adapter, 'delete-room');
await order('bread');
while (!isFollowed()) await once(adapter, 'join-room');
const milk = once(arrivals, 'milk');
await order('milk');
await milk;
client.close();
await server.close();
