/** As the server reads it, see TOKEN_COOKIE in server/access/tokens/credentials.ts. */
const NAME = 'psyche_token';

/** Characters that a cookie's value can hold unquoted: those of API keys and JWTs, and some more. */
const TOKEN = /^[!#-+\--:<-[\]-~]+$/;

/** Tells if a text can be a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Tells if this page has signed in itself; a cookie that is HttpOnly cannot be seen from here. */
export function hasToken(): boolean {
  return document.cookie.split('; ').some((pair) => pair.startsWith(`${NAME}=`));
}

/** Sends the token with every request of this page from now on, and with none of another site; null: no more. */
export function setToken(token: string | null): void {
  const path = new URL('.', location.href).pathname;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  const life = token === null ? '; Max-Age=0' : '';
  // biome-ignore lint/suspicious/noDocumentCookie: cookieStore is there only where a page comes by TLS
  document.cookie = `${NAME}=${encodeURIComponent(token ?? '')}; Path=${path}; SameSite=Strict${secure}${life}`;
}
