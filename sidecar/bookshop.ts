import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { coverPicture } from './coverPicture.js';

/**
 * The API behind `examples/quickstart/openapi.yaml`: small, in memory, and real enough to call.
 */
export function createBookshop(): Server {
  const shop = new Bookshop();
  return createServer((request, response) => {
    answer(shop, request).then(
      (reply) => send(response, reply),
      () => send(response, problem(500, 'Something broke', 'The shop is to blame.')),
    );
  });
}

interface Book {
  readonly id: number;
  readonly title: string;
  readonly author: string;
  readonly genre: string;
  readonly price: number;
}

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly total: number;
}

interface Reply {
  readonly status: number;
  readonly type: string | null;
  readonly body: string | Uint8Array;
}

const FIRST_STOCK: readonly Book[] = [
  { id: 1, title: 'Moby-Dick', author: 'Herman Melville', genre: 'novel', price: 12.5 },
  { id: 2, title: 'Leaves of Grass', author: 'Walt Whitman', genre: 'poetry', price: 9 },
  { id: 3, title: 'On the Origin of Species', author: 'Charles Darwin', genre: 'science', price: 15 },
  { id: 4, title: 'Middlemarch', author: 'George Eliot', genre: 'novel', price: 11 },
  { id: 5, title: 'The Voyage of the Beagle', author: 'Charles Darwin', genre: 'travel', price: 13.5 },
];

class Bookshop {
  readonly books = new Map<number, Book>();
  readonly orders = new Map<string, Order>();
  #lastBook = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    this.books.clear();
    this.orders.clear();
    for (const book of FIRST_STOCK) this.books.set(book.id, book);
    this.#lastBook = FIRST_STOCK.length;
  }

  add(book: Omit<Book, 'id'>): Book {
    this.#lastBook += 1;
    const added = { id: this.#lastBook, ...book };
    this.books.set(added.id, added);
    return added;
  }

  place(customer: string, total: number): Order {
    const order = { id: `order-${this.orders.size + 1}`, customer, total };
    this.orders.set(order.id, order);
    return order;
  }
}

async function answer(shop: Bookshop, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? '/', 'http://bookshop.example');
  const [collection = '', id = '', part = ''] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  switch (`${request.method} /${collection}${id && '/{id}'}${part && `/${part}`}`) {
    case 'GET /books':
      return json(200, search(shop, url.searchParams));
    case 'POST /books':
      return addBook(shop, await readJson(request));
    case 'GET /books/{id}':
      return withBook(shop, id, (book) => json(200, book));
    case 'DELETE /books/{id}':
      return withBook(shop, id, (book) => {
        shop.books.delete(book.id);
        return { status: 204, type: null, body: '' };
      });
    case 'GET /books/{id}/cover':
      return withBook(shop, id, (book) => ({ status: 200, type: 'image/png', body: coverPicture(book.id) }));
    case 'POST /orders':
      return placeOrder(shop, await readJson(request));
    case 'GET /orders/{id}': {
      const order = shop.orders.get(id);
      return order ? json(200, order) : problem(404, 'No such order', `There is no order "${id}".`);
    }
    case 'POST /reset':
      shop.reset();
      return { status: 204, type: null, body: '' };
    default:
      return problem(404, 'No such page', `${request.method} ${url.pathname} is not part of this API.`);
  }
}

function search(shop: Bookshop, query: URLSearchParams): readonly Book[] {
  const genres = query.getAll('genre');
  const words = (query.get('search') ?? '').toLowerCase();
  return [...shop.books.values()]
    .filter((book) => genres.length === 0 || genres.includes(book.genre))
    .filter((book) => `${book.title} ${book.author}`.toLowerCase().includes(words))
    .sort((one, other) => one.price - other.price)
    .slice(0, Number(query.get('limit') ?? 20));
}

function addBook(shop: Bookshop, body: unknown): Reply {
  const { title, author, genre, price } = fields(body);
  if (typeof title !== 'string' || typeof author !== 'string' || typeof genre !== 'string') {
    return problem(422, 'Not a book', 'A book has a title, an author and a genre.');
  }
  if (typeof price !== 'number') return problem(422, 'Not a book', 'A book has a price.');
  return json(201, shop.add({ title, author, genre, price }));
}

function placeOrder(shop: Bookshop, body: unknown): Reply {
  const { customer, lines } = fields(body);
  if (typeof customer !== 'string' || !Array.isArray(lines)) {
    return problem(422, 'Not an order', 'An order has a customer and lines.');
  }
  let total = 0;
  for (const line of lines) {
    const { bookId, copies = 1 } = fields(line);
    const book = shop.books.get(Number(bookId));
    if (!book) return problem(404, 'No such book', `There is no book ${bookId}.`);
    total += book.price * Number(copies);
  }
  return json(201, shop.place(customer, total));
}

function withBook(shop: Bookshop, id: string, found: (book: Book) => Reply): Reply {
  const book = shop.books.get(Number(id));
  return book ? found(book) : problem(404, 'No such book', `There is no book ${id}.`);
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

function problem(status: number, title: string, detail: string): Reply {
  return { status, type: 'application/problem+json', body: JSON.stringify({ title, status, detail }) };
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, type === null ? {} : { 'Content-Type': type }).end(body);
}
