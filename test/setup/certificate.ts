import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { onTestFinished } from 'vitest';

/** A certificate of 127.0.0.1 that is its own authority, for the test alone; files for a server's configuration. */
export async function createCertificate() {
  const pems = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const directory = await mkdtemp(join(tmpdir(), 'psyche-tls-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [caFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  await Promise.all([writeFile(caFile, pems.cert), writeFile(keyFile, pems.private)]);
  return { ca: pems.cert, caFile, keyFile };
}
